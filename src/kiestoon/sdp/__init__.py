"""Session descriptions (RFC 4566) and offer/answer (RFC 3264)."""

from kiestoon.sdp.description import BadSdp, MediaDescription, Origin, SessionDescription, parse_sdp

__all__ = ["BadSdp", "MediaDescription", "Origin", "SessionDescription", "parse_sdp"]
