"""KEK providers: what wraps and unwraps data keys (`fieldvault.ports.KekProvider`).

A provider is imported from its own package, so that an application needs only the packages of the one it uses:
`fieldvault.kek.vault_transit` (Vault or OpenBao) in production, `fieldvault.kek.local` in development.
"""
