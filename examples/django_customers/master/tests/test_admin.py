from __future__ import annotations

from django.db import connection
from django.urls import reverse

from fieldvault import scope
from master.models import Customer
from master.tests.site import ANN, SiteTest

LIST = reverse("admin:master_customer_changelist")


def page(pk: str) -> str:
    return reverse("admin:master_customer_change", args=[pk])


class Admin(SiteTest):
    def test_pages_are_masked_and_tables_sealed(self) -> None:
        pk = self.add()
        shown = self.as_("ann").get(LIST)
        for mask in ("A*** C***", "A***@Example.com", "***34"):
            self.assertContains(shown, mask)
        self.assert_hidden(shown)
        form = self.as_("ann").get(page(pk))
        self.assert_hidden(form)
        self.assert_hidden(self.as_("ann").get(reverse("admin:master_customer_history", args=[pk])))
        self.assert_hidden(self.stored())

    def test_found_in_any_spelling_of_the_whole_value(self) -> None:
        pk = self.add()
        self.add(email="bob@example.com", phone="")
        for term in ("ann.canary@EXAMPLE.com", "0170 / 555 1234"):
            found = self.as_("jo").get(LIST, {"q": term})
            self.assertContains(found, f"/master/customer/{pk}/change/")
            self.assertEqual(found.context["cl"].result_count, 1)
        self.assertEqual(self.as_("jo").get(LIST, {"q": "ann"}).context["cl"].result_count, 0)

    def test_values_are_revealed_for_a_reason_that_is_recorded(self) -> None:
        pk = self.add()
        answer = self.reveal("ann", pk)
        for value in ("Ann Canary", ANN["email"], ANN["phone"], "May 6, 1984"):
            self.assertContains(answer, value)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        recorded = [(event["action"], event["tenant"], event["actor"], event["reason"]) for event in self.events()]
        self.assertEqual(set(recorded), {("reveal", "acme", "ann", "ticket 4711")})
        self.assertEqual([event["details"]["field"] for event in self.events()], ["name", "email", "phone", "born"])
        self.assert_hidden(repr(self.events()))

    def test_without_reason_or_permission_nothing_is_revealed(self) -> None:
        pk = self.add()
        for who, reason, refused in (
            ("ann", "", False),
            ("ann", " ", False),
            ("jo", "ticket", True),
            ("stray", "ticket", True),
        ):
            answer = self.reveal(who, pk, reason)
            self.assertEqual(answer.status_code == 403, refused)
            self.assert_hidden(answer)
        self.assertEqual(self.events(), [])

    def test_a_form_that_is_saved_keeps_what_was_left_empty(self) -> None:
        pk = self.add()
        empty = {"country": "AT", "name": "", "email": "", "phone": "", "born": ""}
        self.assertEqual(self.as_("jo").post(page(pk), empty).status_code, 302)
        self.assertContains(self.reveal("ann", pk), ANN["email"])
        self.assertEqual(self.as_("jo").post(page(pk), empty | {"email": "new@example.com"}).status_code, 302)
        self.assertContains(self.reveal("ann", pk), "new@example.com")
        self.assertContains(self.reveal("ann", pk), "Ann Canary")
        with scope(tenant="acme"):
            self.assertEqual(Customer.objects.get(email="new@example.com").country, "AT")

    def test_a_second_customer_with_one_address_is_refused(self) -> None:
        self.add()
        again = self.as_("ann").post(reverse("admin:master_customer_add"), ANN)
        self.assertEqual(again.status_code, 200)
        self.assertContains(again, "already exists")

    def test_an_erased_person_is_gone_from_the_row_and_from_its_copies(self) -> None:
        pk = self.add()
        others = self.add(email="bob@example.com")
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE backup AS SELECT * FROM master_customer WHERE id = %s", [pk])
        chosen = {"action": "erase", "_selected_action": [pk]}
        self.assertContains(self.as_("ann").post(LIST, chosen, follow=True), "1 keys were shredded")
        with scope(tenant="acme"):
            erased = Customer.objects.get(pk=pk)
        self.assertEqual([erased.name, erased.email, erased.phone, erased.born], [None] * 4)
        self.assertIsNotNone(erased.erased_at)

        with connection.cursor() as cursor:  # somebody restores the backup
            cursor.execute("DELETE FROM master_customer WHERE id = %s", [pk])
            cursor.execute("INSERT INTO master_customer SELECT * FROM backup")
        shown = self.as_("ann").get(LIST)
        self.assertContains(shown, "cannot be opened")
        self.assertContains(shown, f"/master/customer/{others}/change/")  # the rest of the page still loads
        self.assertContains(shown, "b***@example.com")

    def test_rows_swapped_behind_djangos_back_are_refused(self) -> None:
        pk, others = self.add(), self.add(email="bob@example.com")
        with connection.cursor() as cursor:
            swap = (
                "UPDATE master_customer SET name = (SELECT name FROM master_customer WHERE id = %s) WHERE id = %s"
            )
            cursor.execute(swap, [pk, others])
        shown = self.as_("ann").get(LIST)
        self.assertContains(shown, "cannot be opened")
        self.assertContains(shown, "A*** C***", count=1)
