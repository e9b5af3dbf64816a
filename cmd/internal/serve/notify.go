package serve

import (
	"net"
	"strconv"
	"time"
)

// Notify tells the service manager how the process is, by the protocol of sd_notify(3): it is ready,
// it reloads, it stops, it lives. Without a manager it does nothing.
type Notify struct {
	socket string
	every  time.Duration // between two signs of life; 0: none are wanted
}

// NewNotify reads from the environment what the manager wants.
func NewNotify(env func(string) string, pid int) Notify {
	n := Notify{socket: env("NOTIFY_SOCKET")}
	usec, err := strconv.ParseInt(env("WATCHDOG_USEC"), 10, 64)
	if of := env("WATCHDOG_PID"); err == nil && usec > 0 && (of == "" || of == strconv.Itoa(pid)) {
		n.every = max(time.Duration(usec)*time.Microsecond/2, time.Second)
	}
	return n
}

// Every is how often [Notify.Alive] is wanted; 0: never.
func (n Notify) Every() time.Duration { return n.every }

// Ready says that the process can work; status is for people.
func (n Notify) Ready(status string) { n.send("READY=1\nSTATUS=" + status) }

// Stopping says that it is about to end.
func (n Notify) Stopping() { n.send("STOPPING=1\nSTATUS=stopping") }

// Alive says that it lives.
func (n Notify) Alive() { n.send("WATCHDOG=1") }

func (n Notify) send(message string) {
	if n.socket == "" {
		return
	}
	name := n.socket
	if name[0] == '@' {
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return // the manager is gone, or is none
	}
	_, _ = c.Write([]byte(message))
	_ = c.Close()
}
