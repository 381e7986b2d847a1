#!/usr/bin/python3 -I
"""Stands in front of a store or web server on 127.0.0.1 and makes faults, for tests.

  proxy.py start DIR ENDPOINT    starts it for http://127.0.0.1:PORT and prints how to reach it as NAME=VALUE
  proxy.py stop DIR              ends it; DIR can be removed then

It listens with and without TLS; the certificate is for 127.0.0.1, localhost, and ferry, other and public below localhost, by
a CA made for DIR.

DIR/requests gets a line for each request: method, path with query, the range, and the status of the answer (0: none).

DIR/faults says what is to go wrong. It is read anew when it was written; the counts begin again then. A line is a rule, words NAME=VALUE:
  method=GET          for this method only
  match=TEXT          for requests only whose path with query holds it
  skip=N times=N      not for the first N of them; then for N and no more (default: all)
  do=WHAT             what goes wrong, by default nothing:
    close             the connection is reset without an answer
    swallow           the request is carried out, but the connection is closed instead of an answer
    status            answered at once by status=N code=CODE [retry_after=N] [ahead=SECONDS: of the clock that the answer tells]; the
                      body is an error of S3's
    answer            answered at once by the bytes of file=PATH [status=N]
    redirect          answered at once by 302 and location=URL
    reset, cut        the answer's body stops after=N bytes: by a reset, or by an orderly end
    stall             the answer's body stops after=N bytes and the connection stays
    slow              the answer's body, or the request's where there is none, has rate=N bytes a second
    late              the answer comes wait=N milliseconds later
    strip             the header name=NAME of the request does not get to the store
    header            the header name=NAME of the answer has value=VALUE instead (blanks as +); without value it is missing
    length            the answer promises by=N bytes more than it has (or, negative, fewer)
The first rule that fits a request is followed.
"""
import http.client
import http.server
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

PIECE = 64 << 10
START_LIMIT_S = 60


class Faults:
    """The rules of DIR/faults, and how often each fitted."""

    def __init__(self, folder):
        self.path, self.log_path = folder + '/faults', folder + '/requests'
        self.lock, self.version, self.rules, self.counts = threading.Lock(), None, [], []

    def reread(self):
        try:
            facts = os.stat(self.path)
            version = facts.st_mtime_ns, facts.st_ino, facts.st_size
        except FileNotFoundError:
            version = None
        if version == self.version:
            return
        self.version, self.rules = version, []
        if version:
            with open(self.path) as file:
                self.rules = [dict(word.split('=', 1) for word in line.split()) for line in file if line.strip()]
        self.counts = [0] * len(self.rules)

    def rule_for(self, method, path):
        with self.lock:
            self.reread()
            for index, rule in enumerate(self.rules):
                if rule.get('method', method) != method or rule.get('match', '') not in path:
                    continue
                self.counts[index] += 1
                done = self.counts[index] - int(rule.get('skip', 0))
                if 0 < done <= int(rule.get('times', done)):
                    return rule
        return {}

    def note(self, *words):
        with self.lock, open(self.log_path, 'a') as file:
            file.write(' '.join(str(word) for word in words) + '\n')


class Broken(Exception):
    """The connection to the client ends here."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    faults = endpoint = None
    ahead = 0
    upstream = None
    wbufsize = PIECE

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except (Broken, ConnectionError, ssl.SSLError, socket.timeout):
            self.close_connection = True
        finally:
            if self.upstream:
                self.upstream.close()

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + self.ahead if timestamp is None else timestamp)

    def reset(self):
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        # without TLS's own good-bye
        os.close(self.connection.detach()) if isinstance(self.connection, ssl.SSLSocket) else self.connection.close()
        raise Broken

    def do_any(self):
        rule = self.faults.rule_for(self.command, self.path)
        what = rule.get('do', '')
        if what == 'close':
            self.note(0)
            self.reset()
        elif what in ('status', 'answer', 'redirect'):
            self.answer_at_once(what, rule)
        else:
            self.forward(what, rule)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any

    def note(self, status):
        """Before the client has the answer: it may look at once."""
        self.faults.note(self.command, self.path, self.headers.get('Range', '-'), status)

    def body_of_request(self, rate=None):
        left = int(self.headers.get('Content-Length') or 0)
        while left:
            piece = self.rfile.read(min(left, PIECE if rate is None else max(1, rate // 10)))
            if not piece:
                raise Broken
            left -= len(piece)
            if rate is not None:
                time.sleep(len(piece) / rate)
            yield piece

    def answer_at_once(self, what, rule):
        for _ in self.body_of_request():
            pass
        status, headers, body = int(rule.get('status', 200)), {}, b''
        self.ahead = int(rule.get('ahead', 0))
        if what == 'redirect':
            status, headers['Location'] = 302, rule['location']
        elif what == 'answer':
            with open(rule['file'], 'rb') as file:
                body = file.read()
        else:
            body = ('<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>By the proxy</Message></Error>'
                    % rule.get('code', 'InternalError')).encode()
            if 'retry_after' in rule:
                headers['Retry-After'] = rule['retry_after']
        self.note(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def ask_store(self, what, rule):
        if self.upstream is None:
            self.upstream = http.client.HTTPConnection(self.endpoint, timeout=120)
        self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            left_out = what == 'strip' and name.lower() == rule['name'].lower()
            if name.lower() not in ('connection', 'expect') and not left_out:
                self.upstream.putheader(name, value)
        self.upstream.endheaders()
        slow = what == 'slow' and int(self.headers.get('Content-Length') or 0) > 0
        for piece in self.body_of_request(int(rule['rate']) if slow else None):
            self.upstream.send(piece)
        return self.upstream.getresponse()

    def forward(self, what, rule):
        answer = self.ask_store(what, rule)
        if what == 'late':
            time.sleep(int(rule['wait']) / 1000)
        self.note(0 if what == 'swallow' else answer.status)
        if what == 'swallow':
            answer.read()
            self.reset()
        # without a body there is neither a length nor an end of one
        has_length = answer.getheader('Content-Length') is not None or self.command == 'HEAD' or answer.status in (204, 304)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() in ('connection', 'transfer-encoding'):
                continue
            if what == 'header' and name.lower() == rule['name'].lower():
                continue
            if what == 'length' and name.lower() == 'content-length':
                value = str(int(value) + int(rule['by']))
            self.send_header(name, value)
        if what == 'header' and 'value' in rule:
            self.send_header(rule['name'], rule['value'].replace('+', ' '))
        if not has_length:
            self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        self.wfile.flush()
        self.send_body(answer, has_length, what, rule)

    def send_body(self, answer, has_length, what, rule):
        sent, limit = 0, int(rule.get('after', 0)) if what in ('reset', 'cut', 'stall') else None
        rate = int(rule['rate']) if what == 'slow' else None
        while True:
            size = PIECE if rate is None else max(1, rate // 10)
            piece = answer.read(size if limit is None else min(size, limit - sent))
            if limit is not None and sent == limit:
                self.stop_in_body(what)
            if not piece:
                break
            sent += len(piece)
            self.wfile.write(piece if has_length else b'%x\r\n%s\r\n' % (len(piece), piece))
            if rate is not None:
                self.wfile.flush()
                time.sleep(len(piece) / rate)
        if not has_length:
            self.wfile.write(b'0\r\n\r\n')
        self.wfile.flush()
        if what == 'length':
            raise Broken

    def stop_in_body(self, what):
        self.wfile.flush()
        if what == 'reset':
            time.sleep(0.2)  # a reset takes away what the client has not read
            self.reset()
        if what == 'stall':
            self.connection.settimeout(120)
            self.rfile.read(1)
        raise Broken


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context = None

    def finish_request(self, request, client_address):
        if self.context:
            # not where connections are accepted: one client's handshake would hold up all others
            request.settimeout(120)
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def make_certificates(folder):
    def openssl(*words):
        subprocess.run(('openssl',) + words, check=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
    key = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')
    openssl('req', '-x509', *key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '30', '-subj', '/CN=tests of ferry')
    openssl('req', *key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
    with open(folder + '/names', 'w') as file:
        file.write('subjectAltName = DNS:localhost, IP:127.0.0.1' + ''.join(
            ', DNS:%s.localhost' % bucket for bucket in ('ferry', 'other', 'public')) + '\n')
    openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.crt',
            '-days', '30', '-extfile', 'names')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + '/server.crt', folder + '/server.key')
    return context


def serve(folder, endpoint, ready):
    Handler.faults, Handler.endpoint = Faults(folder), endpoint
    plain, encrypted = (Server(('127.0.0.1', 0), Handler) for _ in range(2))
    encrypted.context = make_certificates(folder)
    with open(folder + '/environment', 'w') as file:
        file.write('FERRY_PROXY_HTTP=http://127.0.0.1:%d\nFERRY_PROXY_HTTPS=https://localhost:%d\nFERRY_PROXY_CA=%s/ca.crt\n'
                   'FERRY_PROXY_FAULTS=%s\nFERRY_PROXY_REQUESTS=%s\n'
                   % (plain.server_address[1], encrypted.server_address[1], folder, Handler.faults.path, Handler.faults.log_path))
    os.write(ready, b'ready')
    os.close(ready)
    threading.Thread(target=encrypted.serve_forever, daemon=True).start()
    plain.serve_forever()


def start(folder, endpoint):
    os.umask(0o077)
    os.makedirs(folder)
    open(folder + '/requests', 'w').close()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        log = os.open(folder + '/log', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            serve(folder, urllib.parse.urlsplit(endpoint).netloc, writer)
        except BaseException:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(1)
    os.close(writer)
    with open(folder + '/pid', 'w') as file:
        file.write('%d\n' % pid)
    signal.alarm(START_LIMIT_S)
    if os.read(reader, 5) != b'ready':
        with open(folder + '/log') as file:
            sys.exit('proxy.py: it did not start:\n' + file.read()[-3000:])
    with open(folder + '/environment') as file:
        sys.stdout.write(file.read())


def stop(folder):
    try:
        with open(folder + '/pid') as file:
            os.kill(int(file.read()), signal.SIGTERM)
        os.unlink(folder + '/pid')
    except (FileNotFoundError, ProcessLookupError):
        pass


if __name__ == '__main__':
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == 'start':
        start(os.path.abspath(words[1]), words[2])
    elif len(words) == 2 and words[0] == 'stop':
        stop(os.path.abspath(words[1]))
    else:
        sys.exit('usage: proxy.py start DIR ENDPOINT | stop DIR')
