"""A small RTSP server for tests: `python rtsp_server.py HOST:PORT VIDEO [USER:PASSWORD]`.

FFmpeg does what is hard, packing the video into RTP in real time; this relays its packets inside the RTSP connection
(RFC 2326 section 10.12, interleaved). It serves one client after the other, over TCP only, and can ask for a password
(RFC 7617). It prints "ready" when it listens.
"""

import base64
import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


def main(place: str, video: str, credentials: str | None) -> None:
    sdp = session_description(video)
    host, _, port = place.partition(":")
    with socket.create_server((host, int(port))) as server:
        print("ready", flush=True)
        while True:
            client, _ = server.accept()
            threading.Thread(target=serve, args=(client, video, sdp, credentials), daemon=True).start()


def session_description(video: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sdp")
        command = ["ffmpeg", "-v", "error", "-i", video, "-an", "-c", "copy", "-t", "0.2"]
        command += ["-f", "rtp", "-sdp_file", str(path), "rtp://127.0.0.1:9"]
        subprocess.run(command, check=True)
        lines = path.read_text().replace("\r\n", "\n").strip().split("\n")
    # Where FFmpeg would have sent it is of no interest to the client, who gets it on its own connection.
    lines = ["m=video 0 RTP/AVP 96" if line.startswith("m=video") else line for line in lines]
    return "\r\n".join([*lines, "a=control:track1", ""])


def serve(client: socket.socket, video: str, sdp: str, credentials: str | None) -> None:
    wanted = credentials and "Basic " + base64.b64encode(credentials.encode()).decode()
    with contextlib.suppress(OSError), client, client.makefile("rb") as requests:
        while (request := read_request(requests)) is not None:
            method, url, headers = request
            extra, body = {"CSeq": headers.get("cseq", "0")}, ""
            status = "200 OK"
            if wanted and headers.get("authorization") != wanted:
                status, extra["WWW-Authenticate"] = "401 Unauthorized", 'Basic realm="camera"'
            elif method == "OPTIONS":
                extra["Public"] = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
            elif method == "DESCRIBE":
                body = sdp
                extra |= {"Content-Type": "application/sdp", "Content-Base": url + "/"}
            elif method == "SETUP" and "TCP" not in headers["transport"]:
                status = "461 Unsupported Transport"
            elif method == "SETUP":
                extra |= {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1", "Session": "1"}
            else:
                extra["Session"] = "1"
            head = "".join(f"{name}: {value}\r\n" for name, value in extra.items())
            client.sendall(f"RTSP/1.0 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            if method == "PLAY" and status == "200 OK":
                threading.Thread(target=relay, args=(client, video), daemon=True).start()
            if method == "TEARDOWN":
                return


def read_request(requests) -> tuple[str, str, dict[str, str]] | None:  # type: ignore[no-untyped-def]
    while True:
        first = requests.read(1)
        if not first:
            return None
        if first == b"$":  # what the client reports of the reception
            channel_and_length = requests.read(3)
            requests.read(int.from_bytes(channel_and_length[1:], "big"))
            continue
        method, url, _ = (first + requests.readline()).decode().split(" ", 2)
        headers = {}
        while line := requests.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return method, url, headers


def relay(client: socket.socket, video: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        packets.bind(("127.0.0.1", 0))
        target = f"rtp://127.0.0.1:{packets.getsockname()[1]}?pkt_size=1200"
        sender = subprocess.Popen(
            [
                "ffmpeg",
                "-v",
                "quiet",
                "-re",
                "-stream_loop",
                "-1",
                "-i",
                video,
                "-an",
                "-c",
                "copy",
                "-f",
                "rtp",
                target,
            ],
            stdin=subprocess.DEVNULL,
        )
        try:
            while True:
                packet = packets.recv(65536)
                client.sendall(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
        except OSError:
            pass  # the client has left
        finally:
            sender.kill()
            sender.wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
