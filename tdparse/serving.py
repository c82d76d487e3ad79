"""
The local page: paste a log or give a file, see its report. One process, on the loopback address, in memory only.

Nothing is stored: a request brings a log, its response is the report. No path of the machine can be named. What
other sites could make a browser send is refused: a request must name this server as its host, and as its origin
where it has one (DNS rebinding, cross-site requests). A log is read in a thread of its own, so that the server
answers meanwhile; what its reader no longer waits for is given up between two blocks.
"""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
from contextlib import suppress
from functools import partial
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio
import uvicorn
from anyio import CapacityLimiter, create_task_group, to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from tdparse import catalog
from tdparse.escapes import safe
from tdparse.read import Source
from tdparse.render import Totals
from tdparse.render.report import SCRIPT, Report, shell
from tdparse.render.report.markup import Html, joined, label, pair
from tdparse.selection import Alarm, Selection
from tdparse.stream import Run
from tdparse.unpack import UnreadableError, unpacked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from tdparse.model import Lang
    from tdparse.stream import NumberingChoice
    from tdparse.unpack import Stream

HOST: Final = "127.0.0.1"
PORT: Final = 8484
LIMIT: Final = 32  # megabytes of a log, as it comes and unpacked
MEGABYTE: Final = 1_000_000
OVERHEAD: Final = 100_000  # octets of a form beside its log
PATIENCE: Final = 60.0  # seconds for a log to arrive
LONGEST: Final = 120.0  # seconds for a log to be explained
WAITING: Final = 8  # logs that wait to be explained; more are turned away
_PAGE: Final = "paste.js"
_NUMBERINGS: Final[tuple[NumberingChoice, ...]] = ("auto", "absolute", "relative")


class TooLargeError(Exception):
    """A log is larger than the server takes."""


class Given(NamedTuple):
    """A log that was given, and how to read it."""

    octets: bytes
    name: str
    lang: Lang
    numbering: NumberingChoice


class Server:
    """The pages, and how many logs are explained at once."""

    def __init__(self, lang: Lang, *, limit: int = LIMIT, hosts: frozenset[str] | None = None) -> None:
        """
        Choose the language pages open in.

        Args:
            lang: The language.
            limit: Megabytes of a log.
            hosts: What a request may name as its host, with the port; None: any (for tests of the pages alone).
        """
        self.lang: Lang = lang
        self._limit = limit
        self._room: CapacityLimiter | None = None  # made inside the event loop
        self._waiting = 0
        routes = [Route("/", self._front, methods=["GET"]), Route("/report", self._report, methods=["POST"])]
        pages = Starlette(routes=routes, exception_handlers={HTTPException: self._refused})
        self.app: ASGIApp = pages if hosts is None else _OnlyHere(pages, hosts)

    async def _front(self, _request: Request) -> Response:
        return self._form(self.lang)

    async def _report(self, request: Request) -> Response:
        lang = self.lang
        try:
            with anyio.fail_after(PATIENCE):
                given = await self._given(request)
            lang = given.lang
            if not given.octets.strip():
                return self._form(lang, 400, label("serve_empty"))
            if self._waiting >= WAITING:
                return self._form(lang, 503, label("serve_full"))
            self._waiting += 1
            try:
                text = await self._explained(request, given)
            finally:
                self._waiting -= 1
        except TooLargeError:
            return self._form(lang, 413, label("serve_too_large", n=self._limit))
        except TimeoutError:
            return self._form(lang, 408, label("serve_slow"))
        except (MultiPartException, ValueError):
            return self._form(lang, 400, label("serve_garbled"))
        except UnreadableError as error:
            return self._form(lang, 422, pair(partial(_trouble, error)))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        return _page(text, SCRIPT)

    async def _given(self, request: Request) -> Given:
        """Read a request: a form, or a log as it is."""
        limit = self._limit * MEGABYTE
        size = request.headers.get("content-length", "")
        if size.isascii() and size.isdigit() and int(size) > limit + OVERHEAD:
            raise TooLargeError
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            octets = b"".join([chunk async for chunk in _bounded(request, limit)])
            return Given(octets, _unnamed(self.lang), self.lang, "auto")
        parser = _InMemory(
            request.headers,
            _bounded(request, limit + OVERHEAD),
            max_files=1,
            max_fields=8,
            max_part_size=limit + OVERHEAD,
        )
        form = await parser.parse()
        try:
            log, text, chosen = form.get("file"), form.get("text"), form.get("numbering")
            octets, name = b"", ""
            if isinstance(log, UploadFile) and log.size:
                octets, name = await log.read(), log.filename or ""
            elif isinstance(text, str):
                octets = text.encode("utf-8", "surrogateescape")
        finally:
            await form.close()
        lang: Lang = "zh" if form.get("lang") == "zh" else "en"
        if len(octets) > limit:
            raise TooLargeError
        return Given(octets, name or _unnamed(lang), lang, next((one for one in _NUMBERINGS if one == chosen), "auto"))

    async def _explained(self, request: Request, given: Given) -> str:
        """Explain a log in a thread of its own, as long as somebody waits for it."""
        if self._room is None:
            self._room = CapacityLimiter(os.cpu_count() or 1)
        gone, limit = Event(), self._limit * MEGABYTE

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            gone.set()

        try:
            async with create_task_group() as tasks:
                tasks.start_soon(watch)
                try:
                    return await to_thread.run_sync(
                        explained, given, limit, gone.is_set, limiter=self._room, abandon_on_cancel=True
                    )
                finally:
                    tasks.cancel_scope.cancel()
        except* (TooLargeError, UnreadableError) as errors:
            raise errors.exceptions[0] from None
        finally:
            gone.set()
        raise ClientDisconnect  # pragma: no cover - the block above returns or raises

    async def _refused(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        return PlainTextResponse(f"{status}\n", status, _headers("default-src 'none'"))

    def _form(self, lang: Lang, status: int = 200, trouble: Html | None = None) -> Response:
        """Return the page where a log is given, with what went wrong with the one before."""
        sections = [] if trouble is None else [("trouble", Html(f'<p class="headline b3" role=alert>{trouble}</p>'))]
        sections.append(("paste", _paste(self._limit)))
        text = shell.page(lang, "tdexplain", label("serve_title"), sections, _PAGE, form="log-form")
        return _page(text, _PAGE, status, form="'self'")


def _unnamed(lang: Lang) -> str:
    """Return what a log is called that was pasted, or sent without a name."""
    return catalog.page("serve_unnamed").of(lang)


def _trouble(error: UnreadableError, lang: Lang) -> str:
    return catalog.trouble(error.code, lang, safe(error.name), safe(error.detail))


def _paste(limit: int) -> Html:
    choices = joined(
        Html(
            f"<option value={choice}>{catalog.page('serve_' + choice).en} / {catalog.page('serve_' + choice).zh}</option>"
        )
        for choice in _NUMBERINGS
    )
    return Html(
        f"<form id=log-form class=paste method=post action=/report enctype=multipart/form-data>"
        f"<p class=notice>{label('serve_local')}</p>"
        f"<div><label for=text>{label('serve_text')}</label><textarea id=text name=text spellcheck=false></textarea></div>"
        f"<div id=drop><label for=file>{label('serve_file')}</label><input type=file id=file name=file></div>"
        f"<div class=row><span><label for=numbering>{label('serve_numbering')}</label>"
        f"<select id=numbering name=numbering>{choices}</select></span>"
        f"<button class=go>{label('serve_go')}</button><span id=busy role=status hidden>{label('serve_busy')}</span>"
        f"<span class=dim>{label('serve_limit', n=limit)}</span></div></form>"
    )


def _page(text: str, script: str, status: int = 200, *, form: str = "'none'") -> Response:
    policy = f"{shell.policy(script, form=form)}; frame-ancestors 'none'"
    return HTMLResponse(text.encode("utf-8", "replace"), status, _headers(policy))


def _headers(policy: str) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


# ------------------------------------------------------------------ the log


def explained(given: Given, limit: int, stopped: Callable[[], bool]) -> str:
    """
    Return the report on a log, until `stopped` says that nobody waits for it any more.

    Raises UnreadableError, and TooLargeError when it unpacks to more than `limit` octets.
    """
    until = monotonic() + LONGEST

    def over() -> bool:
        return stopped() or monotonic() > until

    def drop(_text: str | bytes) -> None:
        """Write nothing: a page comes at the end."""

    renderer, totals = Report(given.lang), Totals()
    run = Run(renderer, Selection(), Alarm(()), totals, given.numbering)
    with unpacked(given.name, io.BytesIO(given.octets)) as stream:
        run.follow(Source(given.name, _Bounded(stream, limit)), drop, over, encoded=drop)
    if not stopped() and over():
        raise TooLargeError
    return "" if stopped() else renderer.finish(totals)


class _Bounded:
    """A stream that is not longer than it may be."""

    def __init__(self, stream: Stream, limit: int) -> None:
        self._stream = stream
        self._left = limit

    def read(self, size: int = -1, /) -> bytes:
        octets = self._stream.read(size)
        self._left -= len(octets)
        if self._left < 0:
            raise TooLargeError
        return octets


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        limit -= len(chunk)
        if limit < 0:
            raise TooLargeError
        yield chunk


class _InMemory(MultiPartParser):
    """Reads a form without ever writing a file."""

    spool_max_size = sys.maxsize


# ------------------------------------------------------------------ the server


class _OnlyHere:
    """Lets through what names this server: a page that only pretends to be here must not talk to it."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        named = [value for name, value in scope["headers"] if name == b"host"]
        origin = headers.get(b"origin")
        here = len(named) == 1 and headers[b"host"].lower() in self._hosts
        if not here or (origin is not None and origin.lower() not in {f"http://{host}" for host in self._hosts}):
            refused = PlainTextResponse("This server answers on its own address only.\n", 421 if not here else 403)
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


def bound(port: int) -> socket.socket:
    """Return a socket on the loopback address; port 0: any that is free. Raises OSError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made


def serve(lang: Lang, made: socket.socket, *, limit: int, ready: Callable[[str], None]) -> None:
    """Answer until interrupted; `ready` is told the address once it can be opened."""
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # what it finds wrong is the answer
    port = made.getsockname()[1]
    hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
    config = uvicorn.Config(
        Server(lang, limit=limit, hosts=hosts).app,
        access_log=False,
        date_header=False,
        http="h11",
        lifespan="off",
        limit_concurrency=64,
        log_level="error",
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=5,
        ws="none",
    )
    ready(f"http://{HOST}:{port}/")
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[made])
