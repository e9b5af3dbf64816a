package serve

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/keptcrm/kept/state"
)

// Figures are what the state says for /metrics. They are counts and names of connections and jobs;
// nobody's name is among them.
type Figures struct {
	Connections   []ConnectionFigures
	Jobs          []JobFigures
	PromisesOpen  int
	PromisesLate  int
	Questions     int
	Outbox        map[string]int // messages by state; nil where there is no outbox
	MoreQuestions int
	Chat          *ChatFigures // nil: there is no chat
}

// ChatFigures are those of the chat that people ask from.
type ChatFigures struct {
	Sockets int
	Works   bool
	Heard   time.Time        // the last sign of life; zero: none
	Event   time.Time        // the last thing that somebody did; zero: none
	Events  map[string]int64 // what came, by kind
	Became  map[string]int64 // of events, those that did not go as usual, and messages sent, by what became of them
	Ack     time.Duration    // the slowest acknowledgement since the start
	Answer  time.Duration    // the slowest answer
}

// ConnectionFigures are those of one connection.
type ConnectionFigures struct {
	Name    string
	Success time.Time // when it was last in step; zero: never
	Trouble bool      // whether the last sync failed there
}

// JobFigures are those of one job.
type JobFigures struct {
	Name    string
	Success time.Time
	Fails   int64
	Paused  bool
}

// figuresFor is how long figures of the state are good: who asks more often gets the same ones.
const figuresFor = 10 * time.Second

// Metrics counts what happens in the process and tells it with the state's figures, in the form that
// Prometheus reads.
type Metrics struct {
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	took     *prometheus.HistogramVec
	webhooks *prometheus.CounterVec
	news     *prometheus.CounterVec
	reloads  *prometheus.CounterVec

	ask func(context.Context) (Figures, error)
	now func() time.Time
	mu  sync.Mutex
	at  time.Time
	had Figures
	bad bool
}

var (
	descSuccess  = desc("connection_last_success_timestamp_seconds", "When a connection was last in step.", "connection")
	descLag      = desc("connection_lag_seconds", "How long ago a connection was last in step.", "connection")
	descTrouble  = desc("connection_trouble", "1 where the last sync of a connection failed.", "connection")
	descOpen     = desc("promises_open", "Promises that are open.")
	descLate     = desc("promises_late", "Of these, those that are late.")
	descAsks     = desc("questions_open", "Questions that wait for a person.")
	descMore     = desc("questions_held_back", "Doubts that become questions as those are answered.")
	descOutbox   = desc("outbox_messages", "Messages in the outbox, by state.", "state")
	descJobLast  = desc("job_last_success_timestamp_seconds", "When a job last came to its end well.", "job")
	descJobFails = desc("job_failures", "How often a job failed since it last succeeded.", "job")
	descPaused   = desc("job_paused", "1 where a job is paused.", "job")
	descSockets  = desc("slack_sockets", "Sockets to Slack that are open.")
	descWorks    = desc("slack_works", "1 where commands can come from Slack.")
	descEvent    = desc("slack_last_event_timestamp_seconds", "When somebody last did something in Slack that reached Kept.")
	descHeard    = desc("slack_last_heard_timestamp_seconds", "When Slack last gave a sign of life.")
	descEvents   = desc("slack_events", "Commands, presses and other events from Slack since the start, by kind.", "kind")
	descBecame   = desc("slack_outcomes", "Events that did not go as usual, and messages sent, since the start.", "outcome")
	descAck      = desc("slack_slowest_ack_seconds", "The slowest acknowledgement since the start; Slack waits 3 seconds.")
	descAnswer   = desc("slack_slowest_answer_seconds", "The slowest answer since the start.")
	descState    = desc("state_readable", "0 where the state could not be asked for its figures.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("kept_"+name, help, labels, nil)
}

// NewMetrics makes metrics; ask gives the state's figures.
func NewMetrics(version string, ask func(context.Context) (Figures, error), now func() time.Time) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), ask: ask, now: now,
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kept_job_runs_total", Help: "Runs of jobs by how they ended."}, []string{"job", "state"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "kept_job_duration_seconds", Help: "How long runs of jobs took.",
			Buckets: []float64{.1, .5, 1, 5, 15, 60, 300, 900, 3600}}, []string{"job"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kept_webhooks_total", Help: "Webhooks by connection and by what became of them."}, []string{"connection", "outcome"}),
		news:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kept_news_total", Help: "How often a connection's news were read, by outcome."}, []string{"connection", "outcome"}),
		reloads:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kept_reloads_total", Help: "How often kept.yaml was read again, by outcome."}, []string{"outcome"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "kept_build_info", Help: "The version that runs."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.runs, m.took, m.webhooks, m.news, m.reloads, build, m,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers with all figures.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 10 * time.Second})
}

// Run counts a run of a job.
func (m *Metrics) Run(o Outcome) {
	m.runs.WithLabelValues(o.Job, o.State).Inc()
	if o.Took > 0 {
		m.took.WithLabelValues(o.Job).Observe(o.Took.Seconds())
	}
}

// Webhook counts a webhook. Connections that are not known have no name here: who knocks decides it.
func (m *Metrics) Webhook(connection string, err error) {
	outcome := "taken"
	switch class := state.AsError(err); {
	case err == nil:
	case class.Class == state.NotFound, class.Class == state.Invalid:
		connection, outcome = "", "unknown"
	case class.Class == state.Forbidden:
		outcome = "refused"
	default:
		outcome = "failed"
	}
	m.webhooks.WithLabelValues(connection, outcome).Inc()
}

// News counts the reading of a connection's news.
func (m *Metrics) News(connection string, err error) {
	m.news.WithLabelValues(connection, outcomeOf(err)).Inc()
}

// Reload counts a reading of the configuration.
func (m *Metrics) Reload(err error) { m.reloads.WithLabelValues(outcomeOf(err)).Inc() }

func outcomeOf(err error) string {
	if err != nil {
		return "failed"
	}
	return "done"
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSuccess, descLag, descTrouble, descOpen, descLate, descAsks, descMore, descOutbox, descJobLast, descJobFails, descPaused, descState,
		descSockets, descWorks, descHeard, descEvent, descEvents, descBecame, descAck, descAnswer} {
		to <- d
	}
}

// figures asks the state, or gives what it said a moment ago.
func (m *Metrics) figures() (Figures, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if m.at.IsZero() || now.Sub(m.at) >= figuresFor || now.Before(m.at) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		got, err := m.ask(ctx)
		m.at, m.bad = now, err != nil
		if err == nil {
			m.had = got
		}
	}
	return m.had, !m.bad
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	flag := map[bool]float64{true: 1}
	f, ok := m.figures()
	gauge(descState, flag[ok])
	if !ok {
		return // old figures would look like new ones
	}
	now := m.now()
	for _, c := range f.Connections {
		if !c.Success.IsZero() {
			gauge(descSuccess, float64(c.Success.Unix()), c.Name)
			gauge(descLag, now.Sub(c.Success).Seconds(), c.Name)
		}
		gauge(descTrouble, flag[c.Trouble], c.Name)
	}
	gauge(descOpen, float64(f.PromisesOpen))
	gauge(descLate, float64(f.PromisesLate))
	gauge(descAsks, float64(f.Questions))
	gauge(descMore, float64(f.MoreQuestions))
	for s, n := range f.Outbox {
		gauge(descOutbox, float64(n), s)
	}
	if c := f.Chat; c != nil {
		gauge(descSockets, float64(c.Sockets))
		gauge(descWorks, flag[c.Works])
		if !c.Heard.IsZero() {
			gauge(descHeard, float64(c.Heard.Unix()))
		}
		if !c.Event.IsZero() {
			gauge(descEvent, float64(c.Event.Unix()))
		}
		for kind, n := range c.Events {
			gauge(descEvents, float64(n), kind)
		}
		for outcome, n := range c.Became {
			gauge(descBecame, float64(n), outcome)
		}
		gauge(descAck, c.Ack.Seconds())
		gauge(descAnswer, c.Answer.Seconds())
	}
	for _, j := range f.Jobs {
		if !j.Success.IsZero() {
			gauge(descJobLast, float64(j.Success.Unix()), j.Name)
		}
		gauge(descJobFails, float64(j.Fails), j.Name)
		gauge(descPaused, flag[j.Paused], j.Name)
	}
}
