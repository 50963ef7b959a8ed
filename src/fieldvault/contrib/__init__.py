"""fieldvault inside frameworks: Django, SQLAlchemy, pwdlib. Each needs the extra of its name.

Nothing of fieldvault imports this package, and its parts do not import each other.
"""
