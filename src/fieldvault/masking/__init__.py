"""What may be seen of a value by those who may not see the value."""

from fieldvault.masking.base import HIDDEN, FullMask, Mask
from fieldvault.masking.custom import CustomMask
from fieldvault.masking.identifiers import CardMask, DateMask, IbanMask, PhoneMask
from fieldvault.masking.texts import EmailMask, LastMask, NameMask, PartialMask

__all__ = [
    "HIDDEN",
    "CardMask",
    "CustomMask",
    "DateMask",
    "EmailMask",
    "FullMask",
    "IbanMask",
    "LastMask",
    "Mask",
    "NameMask",
    "PartialMask",
    "PhoneMask",
]
