package smtp

import (
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// provider is what is known of a provider that takes mail: what it calls its passwords for mail programs,
// and where its settings are.
type provider struct {
	name     string // of the preset
	title    string
	hosts    []string // its servers; ".x" is every server under x
	password string   // what it calls the password for programs
	where    string   // where that is made
	enable   string   // where sending by programs is switched on; empty where it always is
	sender   string   // where it is settled who may send as whom; empty: only as the user
	oauth    string   // where an application is registered; empty where it takes no tokens
	user     string   // who the user is, where that is not the whole address
	options  map[string]string
}

// providers, in the order in which people are shown them. Menus and rates are those of 2026; vendors move
// them.
var providers = []provider{
	{name: "gmail", title: "Gmail and Google Workspace", hosts: []string{"smtp.gmail.com", "smtp.googlemail.com", "smtp-relay.gmail.com"},
		password: "app password", where: "myaccount.google.com > Security > 2-Step Verification > App passwords (2-Step Verification must be on; 16 letters)",
		sender:  "Gmail in a browser > Settings > See all settings > Accounts and Import > Send mail as",
		oauth:   "console.cloud.google.com > APIs & Services > Credentials > OAuth client ID (scope https://mail.google.com/)",
		options: map[string]string{"host": "smtp.gmail.com", "token_url": "https://oauth2.googleapis.com/token", "rate": "20"}},
	{name: "microsoft365", title: "Microsoft 365 and Outlook.com", hosts: []string{"smtp.office365.com", "smtp-mail.outlook.com", ".office365.com", ".outlook.com", "smtp.partner.outlook.cn"},
		password: "password", where: "nowhere: Microsoft takes no passwords from mail programs any more, only the tokens of OAuth 2 (login: oauth2)",
		enable: "admin.microsoft.com > Users > Active users > the user > Mail > Manage email apps > Authenticated SMTP",
		sender: "admin.exchange.microsoft.com > Recipients > Mailboxes > the mailbox > Delegation > Send as",
		oauth:  "entra.microsoft.com > App registrations > the application > API permissions > Office 365 Exchange Online: SMTP.Send",
		options: map[string]string{"host": "smtp.office365.com", "login": loginOAuth2, "token_url": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
			"scope": "https://outlook.office.com/SMTP.Send offline_access", "rate": "25"}},
	{name: "fastmail", title: "Fastmail", hosts: []string{"smtp.fastmail.com", ".fastmail.com", ".messagingengine.com"},
		password: "app password", where: "Settings > Privacy & Security > Connected apps & API tokens > Manage app passwords > New app password (access: SMTP)",
		sender:  "Settings > My email addresses",
		options: map[string]string{"host": "smtp.fastmail.com", "security": securityTLS}},
	{name: "icloud", title: "iCloud Mail", hosts: []string{"smtp.mail.me.com", ".mail.me.com"},
		password: "app-specific password", where: "account.apple.com > Sign-In and Security > App-Specific Passwords",
		sender:  "icloud.com > Mail > Settings > Accounts > Add alias",
		options: map[string]string{"host": "smtp.mail.me.com", "rate": "10"}},
	{name: "qq", title: "QQ Mail (QQ邮箱)", hosts: []string{"smtp.qq.com", "smtp.exmail.qq.com"},
		password: "authorisation code (授权码)", where: "mail.qq.com > 设置 > 账号与安全 > 安全设置 > POP3/IMAP/SMTP服务 > 生成授权码",
		enable:  "mail.qq.com > 设置 > 账号与安全 > 安全设置 > POP3/IMAP/SMTP服务 > 开启服务",
		options: map[string]string{"host": "smtp.qq.com", "security": securityTLS, "rate": "10"}},
	{name: "163", title: "NetEase 163 (网易163邮箱)", hosts: []string{"smtp.163.com", "smtp.vip.163.com", "smtphz.qiye.163.com", "smtp.qiye.163.com"},
		password: "authorisation code (授权码)", where: "mail.163.com > 设置 > POP3/SMTP/IMAP > 授权密码管理 > 新增授权密码",
		enable:  "mail.163.com > 设置 > POP3/SMTP/IMAP > 开启 IMAP/SMTP服务",
		options: map[string]string{"host": "smtp.163.com", "security": securityTLS, "rate": "10"}},
	{name: "126", title: "NetEase 126 (网易126邮箱)", hosts: []string{"smtp.126.com", "smtp.vip.126.com", "smtp.yeah.net"},
		password: "authorisation code (授权码)", where: "mail.126.com > 设置 > POP3/SMTP/IMAP > 授权密码管理 > 新增授权密码",
		enable:  "mail.126.com > 设置 > POP3/SMTP/IMAP > 开启 IMAP/SMTP服务",
		options: map[string]string{"host": "smtp.126.com", "security": securityTLS, "rate": "10"}},
	{name: "ses", title: "Amazon SES", hosts: []string{".amazonaws.com"},
		password: "SMTP password", where: "console.aws.amazon.com/ses > SMTP settings > Create SMTP credentials (not the key of the account)",
		user: "the SMTP user name of those credentials", sender: "console.aws.amazon.com/ses > Identities: the domain must be verified, and the account out of the sandbox",
		options: map[string]string{"host": "email-smtp.eu-central-1.amazonaws.com"}},
	{name: "sendgrid", title: "Twilio SendGrid", hosts: []string{"smtp.sendgrid.net"},
		password: "API key", where: "app.sendgrid.com > Settings > API Keys (access: Mail Send)",
		user: "the word apikey", sender: "app.sendgrid.com > Settings > Sender Authentication",
		options: map[string]string{"host": "smtp.sendgrid.net", "user": "apikey"}},
	{name: "postmark", title: "Postmark", hosts: []string{"smtp.postmarkapp.com", "smtp-broadcasts.postmarkapp.com"},
		password: "server API token", where: "account.postmarkapp.com > the server > API Tokens (user and password are both that token)",
		user: "the server API token", sender: "account.postmarkapp.com > Sender Signatures",
		options: map[string]string{"host": "smtp.postmarkapp.com"}},
}

// presets are the providers as the wizard shows them.
func presets() []connectors.Preset {
	var out []connectors.Preset
	for i := range providers {
		p := &providers[i]
		out = append(out, connectors.Preset{Name: p.name, Title: p.title, Options: p.options, Where: p.places()})
	}
	return out
}

// places says per option what the provider calls it and where it is found.
func (p *provider) places() map[string]string {
	where := map[string]string{"user": or(p.user, "the whole address")}
	if p.options["login"] != loginOAuth2 {
		where["password"] = "the " + p.password + ": " + p.where
	}
	if p.oauth != "" {
		where["client_id"] = p.oauth
		where["client_secret"] = p.oauth
	}
	return where
}

// providerOf finds the provider of a server; nil: one that is not known.
func providerOf(host string) *provider {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for i := range providers {
		for _, h := range providers[i].hosts {
			if host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h) {
				return &providers[i]
			}
		}
	}
	return nil
}

// system is how messages call the server.
func (c *connection) system() string {
	if c.provider != nil {
		return c.provider.title
	}
	return c.host
}

// passwordWords says which password is wanted, and where it is found.
func (p *provider) passwordWords() string {
	switch {
	case p == nil:
		return "the password for mail programs; with two-factor login that is mostly an app password, made in the provider's security settings"
	case p.options["login"] == loginOAuth2:
		return p.title + " takes no passwords from mail programs any more; set login to oauth2, with client_id, refresh_token and token_url: " + p.oauth
	}
	return "it is the " + p.password + ", not the password of the account; it is found at " + p.where
}

// enableWords says where sending by programs is switched on.
func (p *provider) enableWords() string {
	if p == nil || p.enable == "" {
		return "switch SMTP on in the settings of the mailbox, or ask who runs the server"
	}
	return "switch it on at " + p.enable
}

// senderWords says who may send as whom.
func (p *provider) senderWords() string {
	if p == nil || p.sender == "" {
		return "set from to the address that logs in, or have the other one allowed for it"
	}
	return "set from to the address that logs in, or allow the other one for it at " + p.sender
}

// oauthWords says where tokens come from.
func (p *provider) oauthWords() string {
	if p == nil || p.oauth == "" {
		return "register an application with the provider, and let the mailbox's owner agree to it"
	}
	return "register an application at " + p.oauth + ", and let the mailbox's owner agree to it"
}
