// A client of a master over gRPC, in Go, with what protoc's plugins for Go make of proto/.
//
//	apt install golang-go golang-google-grpc-dev protobuf-compiler protoc-gen-go protoc-gen-go-grpc
//	sh examples/grpc-go/build.sh hsu-go          # or, with modules: the same protoc, then go mod tidy
//	export HSU_TOKEN=$(hsu token create me --role admin)
//	./hsu-go upstream
//	./hsu-go list
//	./hsu-go restart web
//	./hsu-go logs web --follow
//	./hsu-go events
//	./hsu-go apply hsu.yaml
//
// The address is $HSU_GRPC (127.0.0.1:50055).
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	upstream "hsu/upstream"
	hsu "hsu/v1"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

// word is a value of an enum as the command line writes it: UNIT_STATE_RUNNING is running.
func word(prefix string, value fmt.Stringer) string {
	return strings.ToLower(strings.TrimPrefix(value.String(), prefix))
}

// each hands on what a stream tells, to its end.
func each[A any](stream interface{ Recv() (A, error) }, err error, show func(A)) error {
	for err == nil {
		var next A
		if next, err = stream.Recv(); err == nil {
			show(next)
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// What clients of upstream's masters call: nobody is asked who he is.
func asUpstream(ctx context.Context, conn *grpc.ClientConn) error {
	if _, err := upstream.NewCoreServiceClient(conn).Ping(ctx, &upstream.PingRequest{}); err != nil {
		return err
	}
	answer, err := upstream.NewMasterServiceClient(conn).Status(ctx, &upstream.StatusRequest{})
	if err != nil {
		return err
	}
	fmt.Println("status", answer.GetStatus())
	health := grpc_health_v1.NewHealthClient(conn)
	for _, service := range []string{"", "proto.CoreService", "hsu.v1.UnitService", "nobody.Knows"} {
		checked, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
		fmt.Printf("health %q %v %v\n", service, checked.GetStatus(), status.Code(err))
	}
	return nil
}

func watch(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := grpc_health_v1.NewHealthClient(conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	return each[*grpc_health_v1.HealthCheckResponse](stream, err, func(told *grpc_health_v1.HealthCheckResponse) { fmt.Println(told.GetStatus()) })
}

func reflect(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	ask := func(request *reflection.ServerReflectionRequest) (*reflection.ServerReflectionResponse, error) {
		if err := stream.Send(request); err != nil {
			return nil, err
		}
		return stream.Recv()
	}
	list, err := ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}})
	if err != nil {
		return err
	}
	var names []string
	for _, service := range list.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	sort.Strings(names)
	for _, name := range names {
		symbol := &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name}
		file, err := ask(&reflection.ServerReflectionRequest{MessageRequest: symbol})
		if err != nil {
			return err
		}
		fmt.Println(name, len(file.GetFileDescriptorResponse().GetFileDescriptorProto()) > 0)
	}
	return stream.CloseSend()
}

func list(ctx context.Context, conn *grpc.ClientConn) error {
	answer, err := hsu.NewUnitServiceClient(conn).List(ctx, &hsu.ListRequest{})
	for _, unit := range answer.GetUnits() {
		pid := "-"
		if unit.Pid != nil {
			pid = fmt.Sprint(unit.GetPid())
		}
		fmt.Println(unit.GetId(), word("UNIT_STATE_", unit.GetState()), pid, strings.Join(unit.GetGroups(), "/"))
	}
	return err
}

func restart(ctx context.Context, conn *grpc.ClientConn, unit string) error {
	after, err := hsu.NewUnitServiceClient(conn).Restart(ctx, &hsu.RestartRequest{Unit: unit})
	if err == nil {
		fmt.Println(after.GetId(), word("UNIT_STATE_", after.GetState()))
	}
	return err
}

func logs(ctx context.Context, conn *grpc.ClientConn, unit string, follow bool) error {
	stream, err := hsu.NewLogServiceClient(conn).Logs(ctx, &hsu.LogsRequest{Unit: unit, Follow: follow})
	return each[*hsu.LogLine](stream, err, func(line *hsu.LogLine) { fmt.Println(line.GetText()) })
}

func events(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := hsu.NewEventServiceClient(conn).Events(ctx, &hsu.EventsRequest{})
	return each[*hsu.MasterEvent](stream, err, func(event *hsu.MasterEvent) {
		fmt.Println(event.GetSeq(), event.GetType(), strings.Join(event.GetPath(), "/"), event.GetMessage())
	})
}

func apply(ctx context.Context, conn *grpc.ClientConn, file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	config := &hsu.Config{Source: &hsu.Config_Yaml{Yaml: string(text)}, File: path}
	applied, err := hsu.NewConfigServiceClient(conn).Apply(ctx, &hsu.ApplyRequest{Config: config, How: "apply by Go"})
	for _, change := range applied.GetPlan().GetChanges() {
		fmt.Println(word("ACTION_", change.GetAction()), word("KIND_", change.GetKind()), change.GetId())
	}
	if err == nil {
		fmt.Println("revision", applied.GetRevision())
	}
	return err
}

// explained is an error as `hsu` prints it: what it says, its stable code, and what to do.
func explained(err error) string {
	of := status.Convert(err)
	code, hint := of.Code().String(), ""
	for _, detail := range of.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			code, hint = info.GetMetadata()["code"], info.GetMetadata()["hint"]
		}
	}
	if hint != "" {
		hint = "\nhint: " + hint
	}
	return fmt.Sprintf("%s [%s]%s", of.Message(), code, hint)
}

func run(conn *grpc.ClientConn, argv []string) error {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+os.Getenv("HSU_TOKEN"))
	soon, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	verb, rest := argv[0], append(argv[1:], "")
	switch verb {
	case "upstream":
		return asUpstream(context.Background(), conn)
	case "watch":
		return watch(context.Background(), conn)
	case "reflect":
		return reflect(soon, conn)
	case "list":
		return list(soon, conn)
	case "restart":
		return restart(soon, conn, rest[0])
	case "logs":
		return logs(ctx, conn, rest[0], rest[1] == "--follow")
	case "events":
		return events(soon, conn)
	case "apply":
		return apply(soon, conn, rest[0])
	}
	return fmt.Errorf("no verb %q", verb)
}

func main() {
	address := os.Getenv("HSU_GRPC")
	if address == "" {
		address = "127.0.0.1:50055"
	}
	conn, err := grpc.Dial(address, grpc.WithInsecure())
	if err == nil && len(os.Args) < 2 {
		err = fmt.Errorf("say what to do: upstream, watch, reflect, list, restart, logs, events or apply")
	}
	if err == nil {
		err = run(conn, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, explained(err))
		os.Exit(1)
	}
}
