from __future__ import annotations

from django.urls import reverse

from fieldvault import scope
from fieldvault.errors import ScopeError
from master.models import Customer, Vendor
from master.tests.site import SiteTest

LIST = reverse("admin:master_customer_changelist")


class Tenants(SiteTest):
    def test_no_tenant_sees_anothers_rows(self) -> None:
        pk = self.add("ann")
        bob = self.as_("bob")
        self.assertEqual(bob.get(LIST).context["cl"].result_count, 0)
        self.assertEqual(bob.get(LIST, {"q": "ann.canary@example.com"}).context["cl"].result_count, 0)
        self.assertEqual(
            bob.get(reverse("admin:master_customer_change", args=[pk])).status_code, 302
        )  # "does not exist"
        self.assertEqual(self.reveal("bob", pk).status_code, 403)
        bob.post(LIST, {"action": "erase", "_selected_action": [pk]})
        self.assertContains(self.reveal("ann", pk), "Ann Canary")

    def test_two_tenants_may_have_the_same_customer(self) -> None:
        self.assertNotEqual(self.add("ann"), self.add("bob"))

    def test_who_works_for_nobody_sees_nothing(self) -> None:
        self.assertEqual(self.as_("stray").get(LIST).status_code, 403)

    def test_strangers_are_sent_to_the_login(self) -> None:
        self.assertEqual(self.client.get(LIST).status_code, 302)

    def test_outside_a_scope_there_are_no_rows_to_read(self) -> None:
        for model in (Customer, Vendor):
            with self.assertRaises(ScopeError):
                model.objects.count()

    def test_vendors(self) -> None:
        given = {"name": "ACME GmbH", "email": "pay@acme.example", "iban": "DE89370400440532013000"}
        self.assertEqual(self.as_("ann").post(reverse("admin:master_vendor_add"), given).status_code, 302)
        shown = self.as_("jo").get(reverse("admin:master_vendor_changelist"))
        self.assertContains(shown, "DE***3000")
        self.assertNotContains(shown, "532013000")
        with scope(tenant="acme", actor="tests"):
            vendor = Vendor.objects.get(email="PAY@acme.example")
            self.assertEqual(vendor.iban.reveal(reason="a test"), given["iban"])
