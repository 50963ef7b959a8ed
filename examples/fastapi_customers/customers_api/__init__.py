"""A customer and vendor master: FastAPI, SQLAlchemy, PostgreSQL, many tenants, fields sealed by fieldvault."""
