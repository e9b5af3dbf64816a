package smtp

import (
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keptcrm/kept/connectors"
)

// refusal is the server's no (RFC 5321, section 4.2; enhanced codes of RFC 3463).
type refusal struct {
	stage    stage
	code     int    // 400 to 599
	enhanced string // "5.1.1"; empty where it says none
	text     string // on one line, without the codes
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %d %s %s", r.stage, r.code, r.enhanced, r.text)
}

var enhancedCode = regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)`)

// refusalOf reads what a server answered. Each line of several may begin with the same code.
func refusalOf(at stage, e *textproto.Error) *refusal {
	r := &refusal{stage: at, code: e.Code}
	var said []string
	for l := range strings.SplitSeq(e.Msg, "\n") {
		l = strings.TrimSpace(strings.ToValidUTF8(l, ""))
		if m := enhancedCode.FindStringSubmatch(l); m != nil {
			r.enhanced = or(r.enhanced, m[1])
			l = l[len(m[0]):]
		}
		said = append(said, strings.Fields(l)...)
	}
	r.text = strings.Join(said, " ")
	return r
}

// permanent says whether the server will say so again.
func (r *refusal) permanent() bool { return r.code >= 500 }

func (r *refusal) is(codes ...string) bool { return slices.Contains(codes, r.enhanced) }

func (r *refusal) says(any ...string) bool {
	text := strings.ToLower(r.text)
	return slices.ContainsFunc(any, func(s string) bool { return strings.Contains(text, s) })
}

// nobody says whether the address is one that nobody has.
func (r *refusal) nobody() bool {
	if !r.permanent() || r.stage != stageTo && r.stage != stageEnd {
		return false
	}
	return r.is("5.4.1") && r.says("recipient address rejected") || r.is("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4", "5.4.310") || r.code == 556 ||
		r.says("user unknown", "unknown user", "no such user", "no such address", "no such recipient", "user not found", "recipient not found", "does not exist", "doesn't exist", "no mailbox here",
			"unknown recipient", "invalid recipient", "mailbox not found", "mailbox unavailable", "recipient address rejected: undeliverable", "account has been disabled", "用户不存在", "收件人不存在")
}

// limited says whether the server wants fewer mails of us, and for how long at least.
func (r *refusal) limited() (time.Duration, bool) {
	switch {
	case r.says("too many hops"):
	case r.is("5.4.5", "5.1.90", "5.7.232", "5.7.233") || r.says("daily", "per day", "submissionquota", "sending quota", "sending limit", "maximum number of messages", "maximum sending"):
		return or0(r.pause(), time.Hour), true
	case r.is("4.7.28", "4.5.3") || r.code == 421 && r.is("4.7.0", "4.3.2") || r.code == 432 ||
		r.says("too many", "rate limit", "ratelimit", "submission rate", "throttl", "frequency", "slow down", "concurrent connections", "频率", "too fast"):
		return or0(r.pause(), 5*time.Minute), true
	}
	return 0, false
}

var wait = regexp.MustCompile(`(?i)\b(\d{1,5})\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b`)

// pause reads how long the server wants us to wait; 0: it does not say.
func (r *refusal) pause() time.Duration {
	m := wait.FindStringSubmatch(r.text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // five digits are a number
	unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour}[strings.ToLower(m[2])[0]]
	return min(time.Duration(n)*unit, 24*time.Hour)
}

func or0(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// loginWords says why we were not let in, and what to do.
func (c *connection) loginWords(r *refusal) *connectors.Error {
	system, says := c.System(), c.Says(r.text)
	after, slow := r.limited()
	switch {
	case slow || r.says("too many login"):
		return c.slow(r, or0(after, 15*time.Minute))
	case !r.permanent() || r.says("system busy", "temporar"):
		return c.Fault(connectors.Transient, r, "%s cannot check the password at the moment%s; try again later", system, says)
	case r.says("smtpclientauthentication is disabled", "smtp is disabled", "smtp auth is disabled", "user has no permission", "service is not open", "未开启", "未开通"):
		return c.Fault(connectors.Forbidden, r, "sending by programs is switched off for this mailbox at %s: %s%s", system, c.EnableWords(), says)
	case r.says("application-specific", "app password", "app-specific"):
		return c.Fault(connectors.Auth, r, "%s wants an app password here: %s%s", system, c.PasswordWords(), says)
	case r.says("web browser", "less secure"):
		return c.Fault(connectors.Auth, r, "%s holds this login for suspicious: log in once with a browser, confirm that it was you, and use an app password; %s%s", system, c.PasswordWords(), says)
	case r.code == 538 || r.says("must issue a starttls", "encryption required"):
		return c.Fault(connectors.Invalid, r, "%s wants the connection encrypted: set security to starttls or tls%s", system, says)
	case r.says("suspended", "account is disabled", "locked", "blocked"):
		return c.Fault(connectors.Forbidden, r, "the account is locked; ask who runs %s%s", system, says)
	case r.says("basic authentication", "basic auth") && c.Access == nil:
		return c.Fault(connectors.Auth, r, "%s takes no passwords from mail programs any more; set login to oauth2: %s%s", system, c.OAuthWords(), says)
	case c.Access != nil:
		return c.Fault(connectors.Auth, r, "%s does not accept the token: it ran out, was withdrawn, is another mailbox's than the user named here, or lacks the scope for sending; let the mailbox's owner agree again: %s%s",
			system, c.OAuthWords(), says)
	case c.WantsCode():
		return c.Fault(connectors.Auth, r, "%s does not accept user and password: %s. If that is right: %s%s", system, c.PasswordWords(), c.EnableWords(), says)
	}
	return c.Fault(connectors.Auth, r, "%s does not accept user and password: %s%s", system, c.PasswordWords(), says)
}

// slow asks for a pause that holds for the whole connection.
func (c *connection) slow(cause error, after time.Duration) *connectors.Error {
	var text string
	if r, ok := cause.(*refusal); ok {
		text = r.text
	}
	e := c.Fault(connectors.RateLimited, cause, "%s takes no more mails from us for a while%s; nothing is lost, it goes on by itself. Other programs that send as the same user count too", c.System(), c.Says(text))
	e.After = after
	return e
}

// later is a refusal that may pass.
func (c *connection) later(r *refusal, after time.Duration, format string, args ...any) *connectors.Error {
	e := c.Fault(connectors.Transient, r, format, args...)
	e.After = after
	return e
}

// refusalWords says what the server does not want, and what to do. Nothing was sent.
func (c *connection) refusalWords(r *refusal) *connectors.Error {
	system, says := c.System(), c.Says(r.text)
	if r.stage == stageLogin {
		return c.loginWords(r)
	}
	if after, slow := r.limited(); slow {
		return c.slow(r, after)
	}
	if !r.permanent() {
		switch {
		case r.says("greylist", "graylist", "grey list", "gray list", "greylisted") || r.stage == stageTo && r.code == 451 && r.is("4.7.1", "4.7.0"):
			return c.later(r, or0(r.pause(), 5*time.Minute), "the recipient's server takes the first mail of a stranger later only%s; it goes again by itself", says)
		case r.is("4.2.2") || r.says("over quota", "mailbox full", "mailbox is full"):
			return c.later(r, or0(r.pause(), time.Hour), "the recipient's mailbox is full%s; it goes again by itself", says)
		}
		return c.later(r, r.pause(), "%s cannot take the mail at the moment%s; it goes again by itself", system, says)
	}
	switch {
	case r.is("5.7.0", "5.7.57") && r.code == 530 || r.says("authentication required", "not authenticated", "authenticate first"):
		if r.says("starttls") {
			return c.Fault(connectors.Invalid, r, "%s wants the connection encrypted: set security to starttls or tls%s", system, says)
		}
		return c.Fault(connectors.Auth, r, "%s wants a login before it takes mail: set user and password%s", system, says)
	case r.says("starttls") && r.code == 530:
		return c.Fault(connectors.Invalid, r, "%s wants the connection encrypted: set security to starttls or tls%s", system, says)
	case r.is("5.2.252", "5.1.7", "5.1.8") || r.says("sendasdenied", "send as", "must be same as authorization user", "not owned by user", "sender address rejected", "relaying disallowed as", "from address is not", "is not verified", "sender verify"):
		return c.Fault(connectors.Forbidden, r, "%s does not let us send as %s: %s%s", system, c.from.Address, c.SenderWords(), says)
	case r.nobody():
		e := c.Fault(connectors.Invalid, r, "the recipient's server says that nobody has this address%s", says)
		e.Cause = &undeliverable{e.Cause}
		return e
	case r.is("5.2.2") || r.says("mailbox full", "mailbox is full", "over quota", "quota exceeded"):
		return c.Fault(connectors.Invalid, r, "the recipient's mailbox is full, and the mail will not be kept for later%s", says)
	case r.is("5.3.4", "5.2.3") || r.code == 552 && r.says("size", "large", "big") || r.says("message too large", "too big", "exceeds"):
		return c.Fault(connectors.Invalid, r, "the mail is larger than %s takes%s", system, says)
	case r.says("relay") || r.is("5.7.64"):
		return c.Fault(connectors.Forbidden, r, "%s does not pass mail on for us: check user and password, and that the port is that for submission (587 or 465)%s", system, says)
	case r.stage == stageFrom:
		return c.Fault(connectors.Forbidden, r, "%s does not let us send as %s: %s%s", system, c.from.Address, c.SenderWords(), says)
	case strings.HasPrefix(r.enhanced, "5.7.") || r.says("spam", "policy", "blocked", "blacklist", "blocklist", "prohibited", "not allowed", "denied", "rejected as", "dt:spm", "dmarc", "spf"):
		return c.Fault(connectors.Forbidden, r, "the mail was refused by a rule against unwanted mail, at %s or the recipient's%s. Look at the text, and whether SPF, DKIM and DMARC of %s are set up", system, says, c.domain)
	case r.stage == stageTo:
		return c.Fault(connectors.Invalid, r, "the recipient's server does not take mail for this address%s", says)
	case r.stage == stageGreeting || r.stage == stageHello:
		return c.Fault(connectors.Forbidden, r, "%s does not talk to us%s; ask who runs it", system, says)
	}
	return c.Fault(connectors.Invalid, r, "%s does not take this mail%s", system, says)
}

// undeliverable is what the server said of an address that nobody has.
type undeliverable struct{ err error }

func (u *undeliverable) Error() string   { return u.err.Error() }
func (u *undeliverable) Unwrap() []error { return []error{connectors.ErrUndeliverable, u.err} }
