"""A model none of whose errors shows its input."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from fieldvault.masking import HIDDEN


class SealedModel(BaseModel):
    """A `BaseModel` for sealed fields.

    A sealed field hides its own input in any model. But where another field is missing, Pydantic quotes the whole
    input, sealed fields included, and FastAPI sends that to the client. This model's errors quote nothing.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    @model_validator(mode="wrap")
    @classmethod
    def _without_inputs(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(given)
        except ValidationError as error:
            hidden = _hidden(error)
        del given
        raise hidden

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, *args: Any, **options: Any) -> Self:
        """As `BaseModel.model_validate_json`. What is no JSON is not quoted either."""
        try:
            return super().model_validate_json(json_data, *args, **options)
        except ValidationError as error:
            hidden = _hidden(error)
        del json_data
        raise hidden


def _hidden(error: ValidationError) -> ValidationError:
    lines = [
        InitErrorDetails(type=PydanticCustomError(one["type"], one["msg"]), loc=one["loc"], input=HIDDEN)
        for one in error.errors(include_input=False, include_url=False)
    ]
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)
