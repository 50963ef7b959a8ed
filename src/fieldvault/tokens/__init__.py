"""Blind indexes: one-way stand-ins by which sealed values are found (spec index-v1, index-kinds-v1)."""

from fieldvault.tokens.base import BlindIndex, Slot
from fieldvault.tokens.compound import CompoundIndex
from fieldvault.tokens.edges import PrefixIndex, SuffixIndex
from fieldvault.tokens.exact import ExactIndex
from fieldvault.tokens.md5 import LegacyStep, Md5Index, Md5Recipe
from fieldvault.tokens.ngrams import LeakyNgramIndex
from fieldvault.tokens.search import Search
from fieldvault.tokens.words import WordIndex

__all__ = [
    "BlindIndex",
    "CompoundIndex",
    "ExactIndex",
    "LeakyNgramIndex",
    "LegacyStep",
    "Md5Index",
    "Md5Recipe",
    "PrefixIndex",
    "Search",
    "Slot",
    "SuffixIndex",
    "WordIndex",
]
