"""Worker 1 of 2, written against api/proto alone with grpcio and generated stubs: it joins, sums one
bucket with the algorithm `direct`, and prints the SHA-256 of the sum. `settings` is set above this."""

import hashlib, importlib, os, queue, shutil, sys, tempfile, threading, time
from concurrent import futures

import grpc
import numpy as np
from grpc_tools import protoc

out = tempfile.mkdtemp()
proto = settings["proto"]
files = [f"{proto}/{name}.proto" for name in ("collective", "membership")]
assert protoc.main(["protoc", f"-I{proto}", f"--python_out={out}", f"--grpc_python_out={out}", *files]) == 0
sys.path.insert(0, out)
c, c_rpc, m, m_rpc = (
    importlib.import_module(name)
    for name in ("collective_pb2", "collective_pb2_grpc", "membership_pb2", "membership_pb2_grpc")
)

job, rank, length, chunk_length = settings["jobUid"], 1, settings["length"], settings["chunkLength"]
fence = int.from_bytes(hashlib.sha256(job.encode()).digest()[:8], "little")
values = np.array(settings["values"], dtype=np.float32)
bounds = [0, length // 2, length]
reduced = threading.Event()
epoch = 0


def chunks_of(part):
    return -(-(bounds[part + 1] - bounds[part]) // chunk_length)


def fences():
    return dict(job_fence=fence, membership_epoch=epoch, sender_rank=rank)


def plan():
    return dict(step=0, bucket=0, bucket_length=length, operation=c.ALL_REDUCE, algorithm=c.DIRECT, wire_type=c.FLOAT32)


class Collective(c_rpc.CollectiveServicer):
    def Exchange(self, requests, context):
        answers = queue.Queue()
        threading.Thread(target=self.read, args=(requests, answers), daemon=True).start()
        while context.is_active():
            try:
                yield from answers.get(timeout=0.2)
            except queue.Empty:
                yield c.Chunk(kind=c.HEARTBEAT, **fences())

    def read(self, requests, answers):
        try:
            for request in requests:
                assert request.job_fence == fence and request.sender_rank == 0
                for r in request.ranges:
                    answers.put(self.serve(r))
        except grpc.RpcError:
            pass

    def serve(self, r):
        if r.kind == c.RESULT:
            reduced.wait(10)
        for chunk in range(r.first_chunk, r.first_chunk + r.chunk_count):
            start = bounds[r.part] + chunk * chunk_length
            end = min(start + chunk_length, bounds[r.part + 1])
            yield c.Chunk(kind=r.kind, part=r.part, chunk=chunk, offset=start, data=values[start:end].tobytes(), **fences(), **plan())


server = grpc.server(futures.ThreadPoolExecutor(8))
c_rpc.add_CollectiveServicer_to_server(Collective(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()

channel = grpc.insecure_channel(settings["coordinator"])
membership = m_rpc.MembershipStub(channel)
request = m.JoinRequest(job_uid=job, rank=rank, address=f"127.0.0.1:{port}", backend="numpy", last_known_epoch=41, replicas=2)
events = membership.Join(request)
formed = next(events).formed
epoch = formed.membership_epoch
assert epoch == 42 and len(formed.members) == 2

pulls = queue.Queue()
metadata = (("job-uid", job), ("membership-epoch", str(epoch)), ("rank", str(rank)))
exchange = c_rpc.CollectiveStub(channel).Exchange(iter(pulls.get, None), metadata=metadata)
ranges = [
    c.Range(kind=c.CONTRIBUTION, part=1, first_chunk=0, chunk_count=chunks_of(1)),
    c.Range(kind=c.RESULT, part=0, first_chunk=0, chunk_count=chunks_of(0)),
]
pulls.put(c.PullRequest(chunk_length=chunk_length, ranges=ranges, **fences(), **plan()))

missing = {c.CONTRIBUTION: chunks_of(1), c.RESULT: chunks_of(0)}
for chunk in exchange:
    if chunk.kind == c.HEARTBEAT:
        continue
    data = np.frombuffer(chunk.data, dtype="<f4")
    region = values[chunk.offset : chunk.offset + len(data)]
    region[:] = data + region if chunk.kind == c.CONTRIBUTION else data
    missing[chunk.kind] -= 1
    if missing[c.CONTRIBUTION] == 0:
        reduced.set()
    if not any(missing.values()):
        break
print(hashlib.sha256(values.tobytes()).hexdigest(), flush=True)
time.sleep(0.5)  # worker 0 may still pull
membership.Leave(m.LeaveRequest(job_uid=job, rank=rank))
shutil.rmtree(out)
os._exit(0)  # the served stream would keep its thread
