"""`manage.py prepare_demo`: what a first run lacks. Keys of an own machine, and three users to look around with."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand

from master.models import Member

DEMO = {"ann": "acme", "jo": "acme", "bob": "beta"}


class Command(BaseCommand):
    """Makes ann and jo of acme, and bob of beta. jo may not reveal anything."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(9)
        mine = Permission.objects.filter(content_type__app_label="master").exclude(codename__endswith="_member")
        for name, tenant in DEMO.items():
            user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
            user.set_password(password)
            user.save()
            user.user_permissions.set(mine.exclude(codename__startswith="reveal_") if name == "jo" else mine)
            Member.objects.get_or_create(user=user, defaults={"tenant": tenant})
        users = ", ".join(f"{name} ({tenant})" for name, tenant in DEMO.items())
        self.stdout.write(f"log in on http://127.0.0.1:8000 as {users}; the password of all is {password}")
        self.stdout.write(f"reveal something, then look at {settings.DATA / 'audit.jsonl'}")
