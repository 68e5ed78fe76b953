"""Does the architecture matter?"""

from pipeline.reporting.claims.claims_alignment import both, nscl_less

PLACE = 5

CLAIMS = both(
    nscl_less(
        "scl",
        "transformers",
        "With a vision transformer, too, NSCL follows CL better than SCL does",
        "the gate: a transformer that learned nothing keeps all twins alike",
        experiment="encoders",
        evidence="encoders",
    )
)
