"""Customers and vendors of many tenants, in the admin."""
