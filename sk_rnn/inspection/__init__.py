"""Looking into fitted estimators. Does not import torch or the estimators."""

from ._diagnose import Diagnosis, diagnose

__all__ = [
    "Diagnosis",
    "diagnose",
]
