"""A shop's back end in FastAPI, run by uvicorn as `harness.fastapi_app:app`. What it carried out is a line of
COUPON_TEST_DEEDS, written before it answers: two lines of one deed are a deed done twice."""
import asyncio
import os
import pathlib
import signal

from fastapi import FastAPI, Request, Response

INSTANCE = os.environ["COUPON_TEST_INSTANCE"]
DEEDS = pathlib.Path(os.environ["COUPON_TEST_DEEDS"])
LAST_DEED = DEEDS.with_suffix(".last")  # who finds it takes it, and dies with the request in hand

app = FastAPI()


def do(deed):
    line = os.open(DEEDS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(line, f"{INSTANCE} {deed}\n".encode())
    os.close(line)


@app.get("/api/whoami")
async def whoami(request: Request):
    await asyncio.sleep(0.005)
    return {"instance": INSTANCE, "client": request.client.host, "scheme": request.url.scheme,
            "path": request.url.path, "headers": dict(request.headers)}


@app.post("/api/orders/{number}", status_code=201)
async def order(number: str):
    do(f"order {number}")
    await asyncio.sleep(0.02)  # the work that a kill interrupts
    return {"instance": INSTANCE, "order": number}


@app.api_route("/api/last-deed/{name}", methods=["GET", "PUT", "POST", "PATCH"])
async def last_deed(request: Request, name: str):
    do(f"{request.method} {name}")
    try:
        LAST_DEED.unlink()
    except FileNotFoundError:
        return {"instance": INSTANCE}
    os.kill(os.getpid(), signal.SIGKILL)


@app.get("/api/own-headers")
async def own_headers(response: Response):
    response.headers.update({"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"})
    return {"instance": INSTANCE}


@app.get("/api/failing", status_code=503)
async def failing():
    return {"detail": "the words of the back end"}


@app.post("/api/upload")
async def upload(request: Request):
    return {"bytes": len(await request.body())}


@app.post("/internal/orders/{number}/fulfill")
async def fulfill(number: str):
    do(f"fulfill {number}")
    return {"ok": True}


@app.post("/internal/{rest:path}")
async def anything_internal(rest: str):
    do("internal")
    return {"ok": True}
