"""fieldvault inside Django: encrypted models (`models`, `fields`, `admin`), password hashers (`hashers`) and a data
migration that wraps a table (`migration`).

    INSTALLED_APPS = ["fieldvault.contrib.django", …]           # for encrypted models: keys, checks, commands

    PASSWORD_HASHERS = [
        "fieldvault.contrib.django.hashers.Argon2idHasher",     # new passwords
        "fieldvault.contrib.django.hashers.WrappedHasher",      # rows that were wrapped
        "fieldvault.contrib.django.hashers.SaltedMD5Hasher",    # rows that are not wrapped yet: md5$salt$digest
        "fieldvault.contrib.django.hashers.UnsaltedMD5Hasher",  # … and bare md5(password)
    ]

Importing this package imports nothing of Django.
"""
