// Google's own in-memory Pub/Sub on loopback, as a process that can be killed.
package main

import (
	"fmt"
	"net"
	"os"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
)

// Google takes requests of 10 MB; gRPC's own limit is 4.
const requestBytesMax = 20 << 20

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		panic(err)
	}
	fake := pstest.NewServerWithAddress("127.0.0.1:0")
	server := grpc.NewServer(grpc.MaxRecvMsgSize(requestBytesMax))
	pb.RegisterPublisherServer(server, &fake.GServer)
	pb.RegisterSubscriberServer(server, &fake.GServer)
	fmt.Println("listening")
	panic(server.Serve(listener))
}
