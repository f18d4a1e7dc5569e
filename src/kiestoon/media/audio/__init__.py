"""Everything that touches samples: codecs, mixing, tones, files, DTMF. Pure computation: no sockets, no clock.

PCM is always mono ``numpy.int16``; a returned array may be shared or cached and must not be written to.
"""
