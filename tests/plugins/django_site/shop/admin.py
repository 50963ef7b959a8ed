from __future__ import annotations

from django.contrib import admin
from plugins.django_site.shop.models import Customer, Employee

from fieldvault.contrib.django.admin import EncryptedModelAdmin


@admin.register(Customer)
class CustomerAdmin(EncryptedModelAdmin):
    list_display = ("email", "name", "city")
    search_fields = ("email", "name", "city")
    readonly_fields = ("notes",)


@admin.register(Employee)
class EmployeeAdmin(EncryptedModelAdmin):
    list_display = ("email", "salary")
