"""Each request runs in the scope of its user's tenant, with the user as the actor."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from fieldvault import scope
from master.models import Member


def scope_of_user(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Without a login, or for a user of no tenant, there is no scope, and so no customer can be read."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        member = Member.objects.filter(user=user).first() if user.is_authenticated else None
        if member is None:
            return get_response(request)
        with scope(tenant=member.tenant, actor=user.get_username()):
            return get_response(request)

    return middleware
