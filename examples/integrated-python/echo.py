"""An integrated unit in Python: upstream's EchoService under a master, in one file and without generated code.

    apt install python3-grpcio python3-protobuf
    hsu up -d examples/integrated-python/hsu.yaml
    hsu call echo proto.EchoService/Echo '{"message":"hi"}'
"""

import argparse
import signal
import threading
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# --- What the services look like: a .proto, written in Python -------------------------------------------------------------------------

Field = descriptor_pb2.FieldDescriptorProto
KINDS = {"string": Field.TYPE_STRING, "bytes": Field.TYPE_BYTES, "int32": Field.TYPE_INT32, "int64": Field.TYPE_INT64}


def message(name, /, **fields):
    """`message("EchoRequest", message=(1, "string"))`; `[…]` around the type is `repeated`, a name with a dot is another message."""
    described = descriptor_pb2.DescriptorProto(name=name)
    for field, (number, kind) in fields.items():
        repeated, kind = (True, kind[0]) if isinstance(kind, list) else (False, kind)
        described.field.add(
            name=field,
            number=number,
            label=Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL,
            type=KINDS.get(kind, Field.TYPE_MESSAGE),
            type_name=None if kind in KINDS else "." + kind,
        )
    return described


def file(name, package, messages, /, **services):
    """`file("echo.proto", "proto", [...], EchoService={"Echo": ("EchoRequest", "EchoResponse")})`."""
    described = descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3", message_type=messages)
    for service, methods in services.items():
        added = described.service.add(name=service)
        for method, (request, response) in methods.items():
            added.method.add(name=method, input_type=f".{package}.{request}", output_type=f".{package}.{response}")
    return described


# grpc.health.v1 has an enum here; on the wire that is a number.
FILES = [
    file(
        "echo.proto",
        "proto",
        [message("EchoRequest", message=(1, "string")), message("EchoResponse", message=(1, "string"))],
        EchoService={"Echo": ("EchoRequest", "EchoResponse")},
    ),
    file("core.proto", "proto", [message("PingRequest"), message("PingResponse")], CoreService={"Ping": ("PingRequest", "PingResponse")}),
    file(
        "health.proto",
        "grpc.health.v1",
        [message("HealthCheckRequest", service=(1, "string")), message("HealthCheckResponse", status=(1, "int32"))],
        Health={"Check": ("HealthCheckRequest", "HealthCheckResponse")},
    ),
    file(
        "unit.proto",
        "hsu.unit.v1",
        [
            message("GetStatusRequest"),
            message("GetStatusResponse", state=(1, "int32"), message=(2, "string"), version=(3, "string")),
            message("ShutdownRequest", grace_millis=(1, "int64"), reason=(2, "string")),
            message("ShutdownResponse"),
        ],
        UnitService={"GetStatus": ("GetStatusRequest", "GetStatusResponse"), "Shutdown": ("ShutdownRequest", "ShutdownResponse")},
    ),
    file(
        "reflection.proto",
        "grpc.reflection.v1",
        [
            message(
                "ServerReflectionRequest",
                host=(1, "string"),
                file_by_filename=(3, "string"),
                file_containing_symbol=(4, "string"),
                list_services=(7, "string"),
            ),
            message("FileDescriptorResponse", file_descriptor_proto=(1, ["bytes"])),
            message("ServiceResponse", name=(1, "string")),
            message("ListServiceResponse", service=(1, ["grpc.reflection.v1.ServiceResponse"])),
            message("ErrorResponse", error_code=(1, "int32"), error_message=(2, "string")),
            message(
                "ServerReflectionResponse",
                valid_host=(1, "string"),
                file_descriptor_response=(4, "grpc.reflection.v1.FileDescriptorResponse"),
                list_services_response=(6, "grpc.reflection.v1.ListServiceResponse"),
                error_response=(7, "grpc.reflection.v1.ErrorResponse"),
            ),
        ],
    ),
]

POOL = descriptor_pool.DescriptorPool()
for each in FILES:
    POOL.Add(each)


def class_of(name):
    described = POOL.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(described)
    return message_factory.MessageFactory(POOL).GetPrototype(described)


def handler(service, methods):
    """A service of FILES: for each method a function from its request to the fields of its response, as a dict."""
    handlers = {}
    for method in POOL.FindServiceByName(service).methods:
        request, response = class_of(method.input_type.full_name), class_of(method.output_type.full_name)
        handlers[method.name] = grpc.unary_unary_rpc_method_handler(
            lambda asked, context, answer=methods[method.name], response=response: response(**answer(asked, context)),
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )
    return grpc.method_handlers_generic_handler(service, handlers)


def reflection(package):
    """gRPC server reflection of FILES: v1 and v1alpha differ in their names only."""
    request, response = class_of("grpc.reflection.v1.ServerReflectionRequest"), class_of("grpc.reflection.v1.ServerReflectionResponse")
    services = [f"{described.package}.{service.name}" for described in FILES for service in described.service]

    def files(described):
        return {"file_descriptor_response": {"file_descriptor_proto": [described.SerializeToString()]}}

    def answer(asked):
        if asked.file_by_filename:
            found = [each for each in FILES if each.name == asked.file_by_filename]
        elif asked.file_containing_symbol:
            symbol = asked.file_containing_symbol
            names = {f"{each.package}.{one.name}": each for each in FILES for one in [*each.service, *each.message_type]}
            found = [names[symbol]] if symbol in names else []
        else:
            return {"list_services_response": {"service": [{"name": name} for name in services]}}
        return files(found[0]) if found else {"error_response": {"error_code": 5, "error_message": "not found"}}

    info = grpc.stream_stream_rpc_method_handler(
        lambda requests, _: (response(**answer(asked)) for asked in requests),
        request_deserializer=request.FromString,
        response_serializer=response.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(f"{package}.ServerReflection", {"ServerReflectionInfo": info})


# --- The unit --------------------------------------------------------------------------------------------------------------------------

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=50051)
port = arguments.parse_args().port

over = threading.Event()
answered = 0


def echo(request, _):
    global answered
    answered += 1
    return {"message": request.message}


def shutdown(request, _):
    # The answer goes out first.
    threading.Timer(0.05, over.set).start()
    return {}


server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
server.add_generic_rpc_handlers(
    (
        handler("proto.EchoService", {"Echo": echo}),
        handler("proto.CoreService", {"Ping": lambda *_: {}}),
        handler("grpc.health.v1.Health", {"Check": lambda *_: {"status": 2 if over.is_set() else 1}}),
        handler(
            "hsu.unit.v1.UnitService",
            {"GetStatus": lambda *_: {"state": 2, "message": f"{answered} answered", "version": "1.0.0"}, "Shutdown": shutdown},
        ),
        reflection("grpc.reflection.v1"),
        reflection("grpc.reflection.v1alpha"),
    )
)
if server.add_insecure_port(f"[::]:{port}") == 0:
    raise SystemExit(f"cannot listen on {port}")
server.start()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: over.set())
print(f"listening on {port}", flush=True)
over.wait()
server.stop(grace=2).wait()
print(f"ends after {answered} calls", flush=True)
