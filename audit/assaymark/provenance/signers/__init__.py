"""Signers whose private key never enters this process: a command, a service, a hardware module, a cloud's key service."""
