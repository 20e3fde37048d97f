// A target needs a source; this one only carries the precompiled headers of the tests.
