"""Runs a command, and says how long it took and how much memory it took at most.

  watch.py FILE POSTMASTER COMMAND...

writes into FILE, as NAME=VALUE: seconds; server_kb, the most at any moment of what the backends that began meanwhile had together, with
the programs that they started; programs_kb, the same of the command and what it started. Counted is memory that is a process's own
(RssAnon): no shared buffers, no pages of files. Looked at a hundred times a second. Ends with the command's status; the command is ended
when whoever began this is gone.
"""
import os
import signal
import subprocess
import sys
import threading
import time

INTERVAL_S = 0.01


def own_kb(pid):
    try:
        with open(f'/proc/{pid}/status', encoding='utf-8') as status:
            for line in status:
                if line.startswith('RssAnon:'):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def parent_of(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stat:
            return int(stat.read().rpartition(')')[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Watch:
    """Knows the processes that began since it was made, by the family that they belong to."""

    def __init__(self, postmaster):
        self.old = {int(name) for name in os.listdir('/proc') if name.isdigit()}
        self.families = {postmaster: 'server'}
        self.peaks = {'server': 0, 'programs': 0}
        self.ended = threading.Event()

    def look(self):
        alive = {int(name) for name in os.listdir('/proc') if name.isdigit()} - self.old
        for pid in sorted(alive - self.families.keys()):
            self.families[pid] = self.families.get(parent_of(pid))
        sums = dict.fromkeys(self.peaks, 0)
        for pid in alive:
            if self.families[pid]:
                sums[self.families[pid]] += own_kb(pid)
        for family, kilobytes in sums.items():
            self.peaks[family] = max(self.peaks[family], kilobytes)

    def run(self, group, parent):
        while not self.ended.wait(INTERVAL_S):
            if os.getppid() != parent:
                os.killpg(group, signal.SIGKILL)
                return
            self.look()


def main():
    file, postmaster, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    watch = Watch(postmaster)
    parent = os.getppid()
    started = time.monotonic()
    with subprocess.Popen(command, start_new_session=True) as process:
        watch.families[process.pid] = 'programs'
        watcher = threading.Thread(target=watch.run, args=(process.pid, parent))
        watcher.start()
        status = process.wait()
        seconds = time.monotonic() - started
    watch.ended.set()
    watcher.join()
    with open(file, 'w', encoding='utf-8') as out:
        out.write(f'seconds={seconds:.6f}\nserver_kb={watch.peaks["server"]}\nprograms_kb={watch.peaks["programs"]}\n')
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == '__main__':
    main()
