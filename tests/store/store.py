#!/usr/bin/python3 -I
"""A real S3-compatible store on 127.0.0.1, for tests: OpenStack Swift with its s3api, all in one process and one folder.

  store.py start DIR    starts it and prints what a client needs as NAME=VALUE
  store.py stop DIR     ends it; DIR can be removed then

It has the buckets ferry, other and public; what is in the last one may be read without a signature, too. DIR is made by this program. Without
the package python3-swift, or where the file system of DIR has no extended attributes, start says so and exits with 77.
"""
import errno
import os
import signal
import sys
import time

ACCESS_KEY, SECRET_KEY, REGION = 'FERRYTESTACCESSKEY', 'ferry/test+secret/0123456789', 'us-east-1'
ACCOUNT, BUCKETS = 'AUTH_ferry', ('ferry', 'other', 'public')
NOT_TO_BE_HAD = 77
START_LIMIT_S, STOP_LIMIT_S = 60, 20

CONFIGURATION = {
    'swift': '[swift-hash]\nswift_hash_path_suffix = ferry\nswift_hash_path_prefix = ferry\n'
             '[storage-policy:0]\nname = one\ndefault = yes\n',
    'account': '[pipeline:main]\npipeline = app\n[app:app]\nuse = egg:swift#account\n',
    'container': '[pipeline:main]\npipeline = app\n[app:app]\nuse = egg:swift#container\n',
    # an update of a listing that is late is waited for: nobody else makes it
    'object': '[pipeline:main]\npipeline = app\n[app:app]\nuse = egg:swift#object\ncontainer_update_timeout = 60\n',
    'proxy': '[pipeline:main]\npipeline = catch_errors gatekeeper listing_formats s3api auth copy slo proxy-server\n'
             '[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\nnode_timeout = 60\nconn_timeout = 5\n'
             'error_suppression_interval = 0.1\nerror_suppression_limit = 1000000\n'
             '[filter:catch_errors]\nuse = egg:swift#catch_errors\n[filter:gatekeeper]\nuse = egg:swift#gatekeeper\n'
             '[filter:listing_formats]\nuse = egg:swift#listing_formats\n[filter:copy]\nuse = egg:swift#copy\n'
             '[filter:s3api]\nuse = egg:swift#s3api\nlocation = ' + REGION + '\nstorage_domain = localhost\nmax_upload_part_num = 10000\n'
             '[filter:slo]\nuse = egg:swift#slo\nmax_manifest_segments = 10000\nrate_limit_segments_per_sec = 0\n'
             '[filter:auth]\npaste.filter_factory = ferry_auth:filter_factory\n',
}


def leave(status, text):
    print('store.py: ' + text, file=sys.stderr)
    sys.exit(status)


class Auth:
    """Who signs by the one pair of keys may do everything; others may read what is public."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        signed = environ.get('s3api.auth_details')
        # Swift asks itself, too
        may = environ.get('ferry.is_set_up', False) or environ.get('swift.authorize_override', False)
        environ['PATH_INFO'] = environ['PATH_INFO'].replace('/v1/' + ACCESS_KEY, '/v1/' + ACCOUNT, 1)
        if signed:
            may = signed['access_key'] == ACCESS_KEY and signed['check_signature'](SECRET_KEY)
        elif environ['PATH_INFO'].startswith('/public/') and environ['REQUEST_METHOD'] in ('GET', 'HEAD'):
            may = True
            environ['PATH_INFO'] = '/v1/' + ACCOUNT + environ['PATH_INFO']
        elif not may:
            from swift.common.middleware.s3api.s3response import AccessDenied
            return AccessDenied()(environ, start_response)
        if may:
            environ['REMOTE_USER'] = ACCOUNT
            environ['swift_owner'] = True
        environ['swift.authorize'] = lambda request: None if may else self.refuse(request)
        return self.app(environ, start_response)

    @staticmethod
    def refuse(request):
        from swift.common.swob import HTTPUnauthorized
        return HTTPUnauthorized(request=request)


def filter_factory(global_conf, **local_conf):
    return Auth


def serve(folder, ready):
    """Never returns. Says "ready" to the descriptor of that name."""
    import eventlet
    from swift.common import utils
    eventlet.monkey_patch(all=False, os=False, socket=True, select=True, thread=True, time=True)
    import logging
    utils.ThreadSafeSysLogHandler = lambda *args, **kwargs: logging.StreamHandler(sys.stderr)
    utils.fsync = utils.fdatasync = lambda descriptor: None  # no power failure is tested
    utils.set_swift_dir(folder + '/etc')
    sys.modules['ferry_auth'] = sys.modules['__main__']
    from swift.common import wsgi
    from swift.common.ring import RingBuilder
    from swift.common.swob import Request

    listeners = {name: eventlet.listen(('127.0.0.1', 0), backlog=1024) for name in CONFIGURATION if name != 'swift'}
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    for name in ('account', 'container', 'object'):
        builder = RingBuilder(2, 1, 0)
        builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'weight': 1.0, 'device': 'disk', 'ip': '127.0.0.1', 'port': ports[name],
                         'replication_ip': '127.0.0.1', 'replication_port': ports[name]})
        builder.rebalance(seed='ferry')
        builder.get_ring().save('%s/etc/%s.ring.gz' % (folder, name))
    for name, listener in listeners.items():
        path = '%s/etc/%s.conf' % (folder, name)
        with open(path, 'w') as file:
            file.write('[DEFAULT]\nswift_dir = %s/etc\ndevices = %s/data\nmount_check = false\nfallocate_reserve = 0\n'
                       'disable_fallocate = true\nbind_ip = 127.0.0.1\nbind_port = %d\nlog_level = WARNING\n%s'
                       % (folder, folder, ports[name], CONFIGURATION[name]))
        app = wsgi.loadapp(path, global_conf={'log_name': name})
        eventlet.spawn(eventlet.wsgi.server, listener, app, logging.getLogger('nothing'), log_output=False,
                       protocol=wsgi.SwiftHttpProtocol, capitalize_response_headers=False, socket_timeout=120)
    for bucket in BUCKETS:
        request = Request.blank('/v1/%s/%s' % (ACCOUNT, bucket), environ={'REQUEST_METHOD': 'PUT', 'ferry.is_set_up': True})
        status = request.get_response(app).status_int
        if status // 100 != 2:
            raise RuntimeError('bucket %s: %d' % (bucket, status))
    with open(folder + '/environment', 'w') as file:
        file.write('FERRY_STORE_ENDPOINT=http://127.0.0.1:%d\nFERRY_STORE_REGION=%s\nFERRY_STORE_BUCKET=%s\n'
                   'FERRY_STORE_ACCESS_KEY_ID=%s\nFERRY_STORE_SECRET_ACCESS_KEY=%s\n'
                   % (ports['proxy'], REGION, BUCKETS[0], ACCESS_KEY, SECRET_KEY))
    os.write(ready, b'ready')
    os.close(ready)
    eventlet.hubs.get_hub().switch()


def prepare(folder):
    try:
        import swift  # noqa: F401
        import swift.common.middleware.s3api.s3api  # noqa: F401
    except ImportError as problem:
        leave(NOT_TO_BE_HAD, 'the package python3-swift is not here (%s)' % problem)
    os.umask(0o077)
    os.makedirs(folder + '/etc')
    os.makedirs(folder + '/data/disk')
    try:
        os.setxattr(folder + '/data', 'user.ferry', b'x')
    except OSError as problem:
        if problem.errno not in (errno.ENOTSUP, errno.EPERM):
            raise
        leave(NOT_TO_BE_HAD, 'the file system of %s has no extended attributes, which Swift needs' % folder)
    with open(folder + '/etc/swift.conf', 'w') as file:
        file.write(CONFIGURATION['swift'])


def start(folder):
    prepare(folder)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.chdir('/')
        log = os.open(folder + '/log', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.set_inheritable(writer, False)
        try:
            serve(folder, writer)
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
            leave(1, 'it did not start:\n' + file.read()[-3000:])
    with open(folder + '/environment') as file:
        sys.stdout.write(file.read())


def stop(folder):
    try:
        with open(folder + '/pid') as file:
            pid = int(file.read())
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return
    for _ in range(STOP_LIMIT_S * 20):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        time.sleep(0.05)
    os.unlink(folder + '/pid')


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in ('start', 'stop'):
        leave(2, 'usage: store.py start|stop DIR')
    (start if sys.argv[1] == 'start' else stop)(os.path.abspath(sys.argv[2]))
