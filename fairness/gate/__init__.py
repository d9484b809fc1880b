"""The gate between a trained model and a candidate: checks as data, evidence in, a decision with its reasons out."""
