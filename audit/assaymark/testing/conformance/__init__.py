"""The conformance kit: what every generator must do, check by check, each with a stable id."""
