"""Users of two tenants, and what they see of the admin."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, TestCase
from django.urls import reverse

from fieldvault import scope
from master.models import Customer, Member

ANN = {
    "country": "DE",
    "name": "Ann Canary",
    "email": "Ann.Canary@Example.com",
    "phone": "+49 170 5551234",
    "born": "1984-05-06",
}
VALUES = ("Canary", "canary", "5551234", "1984-05-06", "May 6, 1984")


class SiteTest(TestCase):
    """ann and jo work for acme, bob for beta; jo may not reveal. stray works for nobody."""

    @classmethod
    def setUpTestData(cls) -> None:
        mine = Permission.objects.filter(content_type__app_label="master").exclude(codename__endswith="_member")
        for name, tenant in {"ann": "acme", "jo": "acme", "bob": "beta", "stray": None}.items():
            user = User.objects.create(username=name, is_staff=True)
            user.user_permissions.set(mine.exclude(codename__startswith="reveal_") if name == "jo" else mine)
            if tenant is not None:
                Member.objects.create(user=user, tenant=tenant)

    def setUp(self) -> None:
        log = Path(os.environ["AUDIT_LOG"])
        log.write_text("")

    def as_(self, name: str) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.get(username=name))
        return client

    def add(self, who: str = "ann", **changes: str) -> str:
        """Add a customer by the admin's form. Its id."""
        answer = self.as_(who).post(reverse("admin:master_customer_add"), ANN | changes)
        self.assertEqual(answer.status_code, 302, answer.content.decode())
        with scope(tenant="beta" if who == "bob" else "acme"):
            return str(Customer.objects.get(email=changes.get("email", ANN["email"])).pk)

    def reveal(self, who: str, pk: str, reason: str = "ticket 4711") -> Any:
        return self.as_(who).post(reverse("admin:master_customer_reveal", args=[pk]), {"reason": reason})

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in Path(os.environ["AUDIT_LOG"]).read_text().splitlines()]

    def stored(self) -> str:
        """What the tables of customers and of the admin's log hold, as one text."""
        with connection.cursor() as cursor:
            found = []
            for table in ("master_customer", "django_admin_log"):
                cursor.execute(f"SELECT * FROM {table}")
                found += [
                    bytes(one) if isinstance(one, memoryview) else one for row in cursor.fetchall() for one in row
                ]
        return repr(found)

    def assert_hidden(self, text: Any) -> None:
        shown = text.content.decode() if hasattr(text, "content") else text
        for value in VALUES:
            self.assertNotIn(value, shown)
