"""The peers, one file each: how a team would use that library for one column of short values.

Every peer seals the same plaintexts and, where it takes associated data, with the same. What differs is in
`Peer.note`, and stands beside its figures.
"""
