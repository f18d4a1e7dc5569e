"""Typed readers and writers for SIP headers. Every ``parse_*`` raises ``BadHeader`` for garbage and nothing else."""

from kiestoon.sip.headers.address import NameAddr, encode_display, parse_contact, parse_name_addr, parse_name_addrs
from kiestoon.sip.headers.grammar import BadHeader, lenient, parse_params, parse_tokens, quote, split_commas, unquote
from kiestoon.sip.headers.names import canonical
from kiestoon.sip.headers.sequence import CSeq, RAck, parse_cseq, parse_rack, parse_rseq
from kiestoon.sip.headers.via import MAGIC_COOKIE, Via, parse_via

__all__ = [
    "MAGIC_COOKIE",
    "BadHeader",
    "CSeq",
    "NameAddr",
    "RAck",
    "Via",
    "canonical",
    "encode_display",
    "lenient",
    "parse_contact",
    "parse_cseq",
    "parse_name_addr",
    "parse_name_addrs",
    "parse_params",
    "parse_rack",
    "parse_rseq",
    "parse_tokens",
    "parse_via",
    "quote",
    "split_commas",
    "unquote",
]
