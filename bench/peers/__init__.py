"""Other people's programs as measuring peers: Kamailio, rtpengine, SIPp, baresip. Also used by the wire tests."""
