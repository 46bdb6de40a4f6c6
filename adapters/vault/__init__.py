"""The vault: secrets at rest, encrypted under the key ring that only the operator holds."""
