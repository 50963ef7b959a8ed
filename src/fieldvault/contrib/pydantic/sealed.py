"""`Sealed[T]`: validates as `T`, holds a `Protected`, and is masked wherever it is serialised.

Rules of this file:

1. No error of a sealed field shows its input, in whichever model it is.
2. `model_dump()` keeps the `Protected`; JSON has the mask. A dump that was fed into a row would otherwise store the
   mask in place of the value.
3. An input has no field yet: it can be sealed in any, by assigning it. It is revealed only through a gate that was
   declared for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import (
    CoreSchema,
    SerializationInfo,
    ValidatorFunctionWrapHandler,
    chain_schema,
    no_info_plain_validator_function,
    no_info_wrap_validator_function,
    plain_serializer_function_ser_schema,
)

from fieldvault.access import AccessGate, InputPlace, Protected
from fieldvault.masking import HIDDEN, FullMask, Mask

Value = TypeVar("Value")
_ALL_HIDDEN = FullMask()


class _HiddenInput(str):
    """What Pydantic sees of an input, and so shows of it in errors: a text of stars. Gives the input once."""

    __slots__ = ("_given",)

    _given: object

    def __new__(cls, given: object) -> _HiddenInput:
        hidden = super().__new__(cls, HIDDEN)
        hidden._given = given
        return hidden

    def take(self) -> object:
        given, self._given = self._given, None
        return given


@dataclass(frozen=True, slots=True)
class SealedAs:
    """How a sealed field shows, and who may reveal an input of it: `Annotated[Sealed[str], SealedAs(EmailMask())]`.

    What comes from an ORM's attribute or from `ProtectedRecords` keeps its own mask and gate.
    """

    mask: Mask = _ALL_HIDDEN
    gate: AccessGate | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        place, gate = InputPlace(mask=self.mask), self.gate

        def validate(hidden: Any, inner: ValidatorFunctionWrapHandler) -> Protected[Any]:
            given = hidden.take()
            if isinstance(given, Protected):
                return given
            failed = ""
            try:
                return Protected(inner(given), place, gate)
            except ValidationError as error:
                # Their messages may quote the input; their names never do.
                failed = ", ".join(dict.fromkeys(one["type"] for one in error.errors(include_input=False)))
            del given
            raise PydanticCustomError("sealed_value", "not a valid value: {failed}", {"failed": failed})

        [inner] = get_args(source)
        wrapped = no_info_wrap_validator_function(validate, handler.generate_schema(inner))
        masked = plain_serializer_function_ser_schema(_serialised, info_arg=True)
        return chain_schema([no_info_plain_validator_function(_HiddenInput), wrapped], serialization=masked)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return {"type": "string", "format": "masked"}
        taken = handler(schema["steps"][1])
        return taken | {"format": taken.get("format", "sealed")} if taken.get("type") == "string" else taken


def _serialised(value: Any, info: SerializationInfo) -> Any:
    if not isinstance(value, Protected):  # a default, which Pydantic does not validate
        return HIDDEN
    return value if info.mode == "python" else value.masked


Sealed = Annotated[Protected[Value], SealedAs()]
"""`email: Sealed[EmailStr]`: validated as an `EmailStr`, held as `Protected`, masked in JSON."""
