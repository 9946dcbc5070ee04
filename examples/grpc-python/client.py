"""A client of a master over gRPC, in Python, from what a compiler has made of proto/: no code is generated.

    apt install python3-grpcio python3-protobuf protobuf-compiler
    protoc --include_imports -o hsu.binpb -I proto $(cd proto && ls hsu/v1/*.proto)     # or: npx buf build proto -o hsu.binpb
    export HSU_TOKEN=$(hsu token create me --role admin)
    python3 examples/grpc-python/client.py list
    python3 examples/grpc-python/client.py logs web --follow
    python3 examples/grpc-python/client.py events --since 0
    python3 examples/grpc-python/client.py apply hsu.yaml

The address is $HSU_GRPC (127.0.0.1:50055), the compiled file $HSU_DESCRIPTORS (hsu.binpb).
"""

import argparse
import os
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Master:
    """`Master(address, token, descriptors).call("UnitService", "Restart", unit="web")`: an answer, or an iterator of them."""

    def __init__(self, address, token, descriptors):
        self.pool = descriptor_pool.DescriptorPool()
        with open(descriptors, "rb") as file:
            for each in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
                self.pool.Add(each)
        self.channel = grpc.insecure_channel(address)
        self.metadata = [("authorization", f"Bearer {token}")]

    def type(self, described):
        if hasattr(message_factory, "GetMessageClass"):
            return message_factory.GetMessageClass(described)
        return message_factory.MessageFactory(self.pool).GetPrototype(described)

    def call(self, service, name, timeout=None, **fields):
        described = self.pool.FindServiceByName(f"hsu.v1.{service}")
        method = next(each for each in described.methods if each.name == name)
        request = self.type(method.input_type)(**fields)
        # The description says so since protobuf 22; those before have it in what they were made of.
        proto = descriptor_pb2.MethodDescriptorProto()
        method.CopyToProto(proto)
        kind = self.channel.unary_stream if proto.server_streaming else self.channel.unary_unary
        ask = kind(
            f"/hsu.v1.{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.type(method.output_type).FromString,
        )
        return ask(request, timeout=timeout, metadata=self.metadata)


def word(message, field):
    """An enum's value as the command line writes it: UNIT_STATE_RUNNING of a UnitStatus is "running"."""
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    prefix = os.path.commonprefix([value.name for value in kind.values])
    return kind.values_by_number[getattr(message, field)].name[len(prefix) :].lower()


def show_units(master, _):
    for unit in master.call("UnitService", "List", timeout=10).units:
        pid = unit.pid if unit.HasField("pid") else "-"
        print(unit.id, word(unit, "state"), pid, "/".join(unit.groups), flush=True)


def show_logs(master, given):
    for line in master.call("LogService", "Logs", unit=given.unit, follow=given.follow):
        print(line.text, flush=True)


def show_events(master, given):
    for event in master.call("EventService", "Events", follow=given.follow, since=given.since):
        print(event.seq, event.type, "/".join(event.path), event.message, flush=True)


def apply(master, given):
    path = os.path.abspath(given.file)
    with open(path, encoding="utf8") as file:
        config = {"yaml": file.read(), "file": path}
    applied = master.call("ConfigService", "Apply", config=config, how="apply by Python", timeout=60)
    for change in applied.plan.changes:
        print(word(change, "action"), word(change, "kind"), change.id, flush=True)
    print(f"revision {applied.revision}", flush=True)


def main():
    parser = argparse.ArgumentParser(description="A client of a master of HSU.")
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("list").set_defaults(run=show_units)
    logs = verbs.add_parser("logs")
    logs.set_defaults(run=show_logs)
    logs.add_argument("unit")
    logs.add_argument("--follow", action="store_true")
    events = verbs.add_parser("events")
    events.set_defaults(run=show_events)
    events.add_argument("--follow", action="store_true")
    events.add_argument("--since", type=int, default=0)
    applying = verbs.add_parser("apply")
    applying.set_defaults(run=apply)
    applying.add_argument("file")
    given = parser.parse_args()
    env = os.environ
    address, descriptors = env.get("HSU_GRPC", "127.0.0.1:50055"), env.get("HSU_DESCRIPTORS", "hsu.binpb")
    try:
        given.run(Master(address, env.get("HSU_TOKEN", ""), descriptors), given)
    except grpc.RpcError as error:
        code = dict(error.trailing_metadata() or ()).get("hsu-code", error.code().name)
        sys.exit(f"{error.details()} [{code}]")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
