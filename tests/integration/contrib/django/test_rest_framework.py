"""Django REST framework's ModelSerializer over encrypted fields."""

from __future__ import annotations

from typing import Any

import pytest

ANN = "ann@example.com"
pytest.importorskip("rest_framework", reason="djangorestframework is not installed")


@pytest.fixture
def serializer(m: Any) -> Any:
    from rest_framework import serializers
    from rest_framework.validators import UniqueValidator

    class CustomerSerializer(serializers.ModelSerializer):
        class Meta:
            model = m.Customer
            fields = ("name", "email", "age", "extra")
            extra_kwargs = {  # noqa: RUF012 - DRF's
                "email": {"validators": [UniqueValidator(m.Customer.objects.all())]},
            }

    return CustomerSerializer


def test_what_is_posted_is_validated_sealed_and_given_back(m: Any, serializer: Any) -> None:
    given = {"name": "Ann Li", "email": ANN, "age": 41, "extra": {"a": [1]}}
    posted = serializer(data=given)
    assert posted.is_valid(), posted.errors
    posted.save()
    assert serializer(m.Customer.objects.get(email=ANN)).data == given
    assert serializer(list(m.Customer.objects.all()), many=True).data == [given]


def test_what_is_wrong_or_taken_is_an_error_of_the_field(m: Any, serializer: Any) -> None:
    one = m.Customer.objects.create(email=ANN)
    for wrong, field in (
        ({"email": "no address"}, "email"),
        ({"age": "many"}, "age"),
        ({"name": "x" * 101}, "name"),
    ):
        refused = serializer(data=wrong)
        assert not refused.is_valid()
        assert field in refused.errors
    taken = serializer(data={"email": ANN.upper()})
    assert not taken.is_valid()
    assert taken.errors["email"][0].code == "unique"
    assert serializer(one, data={"email": ANN}, partial=True).is_valid()


def test_a_partial_update_moves_the_index(m: Any, serializer: Any) -> None:
    one = m.Customer.objects.create(email=ANN, name="Ann")
    patched = serializer(one, data={"email": "new@example.com"}, partial=True)
    assert patched.is_valid(), patched.errors
    patched.save()
    assert m.Customer.objects.get(email="new@example.com").name == "Ann"
    assert not m.Customer.objects.filter(email=ANN).exists()


def test_rows_of_values_are_not_rendered(m: Any) -> None:
    from rest_framework.renderers import JSONRenderer

    m.Customer.objects.create(email=ANN)
    with pytest.raises(TypeError, match="not JSON serializable"):
        JSONRenderer().render(list(m.Customer.objects.values("email")))


def test_protected_attributes_are_rendered_as_masks(m: Any) -> None:
    from rest_framework import serializers

    class EmployeeSerializer(serializers.ModelSerializer):
        class Meta:
            model = m.Employee
            fields = ("email",)

    m.Employee.objects.create(email="canary@example.com")
    shown = EmployeeSerializer(m.Employee.objects.get()).data
    assert "canary" not in str(shown)
    assert "@example.com" in str(shown)
