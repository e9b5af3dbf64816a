package mailserver

import (
	"maps"
	"strings"

	"github.com/keptcrm/kept/connectors"
)

// The protocols in which known providers are reached.
const (
	IMAP = "IMAP"
	SMTP = "SMTP"
)

// provider is what is known of a provider of mail: what it calls its passwords for mail programs, and
// where its settings are. {protocol} stands for the protocol's name.
type provider struct {
	name     string // of the preset
	title    string
	password string // what it calls the password for programs
	where    string // where that is made
	user     string // who the user is, where that is not the whole address
	sender   string // where it is settled who may send as whom; empty: only as the user
	by       map[string]side
}

// side is a provider in one protocol.
type side struct {
	hosts   []string // its servers; ".x" is every server under x
	enable  string   // where the protocol is switched on; empty where it always is
	oauth   string   // where an application is registered; empty where it takes no tokens
	options map[string]string
}

const (
	google        = "console.cloud.google.com > APIs & Services > Credentials > OAuth client ID (scope https://mail.google.com/)"
	microsoft     = "entra.microsoft.com > App registrations > the application > API permissions > Office 365 Exchange Online: "
	microsoftUser = "admin.microsoft.com > Users > Active users > the user > Mail > Manage email apps > "
	microsoftURL  = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
	qq            = "mail.qq.com > 设置 > 账号与安全 > 安全设置 > POP3/IMAP/SMTP服务 > "
	netease163    = "mail.163.com > 设置 > POP3/SMTP/IMAP > "
	netease126    = "mail.126.com > 设置 > POP3/SMTP/IMAP > "
	authorisation = "authorisation code (授权码)"
)

// providers, in the order in which people are shown them. Menus and rates are those of 2026; vendors move
// them.
var providers = []provider{
	{name: "gmail", title: "Gmail and Google Workspace",
		password: "app password", where: "myaccount.google.com > Security > 2-Step Verification > App passwords (2-Step Verification must be on; 16 letters)",
		sender: "Gmail in a browser > Settings > See all settings > Accounts and Import > Send mail as",
		by: map[string]side{
			IMAP: {hosts: []string{"imap.gmail.com", "imap.googlemail.com"}, oauth: google,
				enable:  "Gmail in a browser > Settings > See all settings > Forwarding and POP/IMAP; in a Workspace the administrator permits it under Apps > Google Workspace > Gmail > End User Access",
				options: map[string]string{"host": "imap.gmail.com", "token_url": "https://oauth2.googleapis.com/token"}},
			SMTP: {hosts: []string{"smtp.gmail.com", "smtp.googlemail.com", "smtp-relay.gmail.com"}, oauth: google,
				options: map[string]string{"host": "smtp.gmail.com", "token_url": "https://oauth2.googleapis.com/token", "rate": "20"}}}},
	{name: "microsoft365", title: "Microsoft 365 and Outlook.com",
		password: "password", where: "nowhere: Microsoft takes no passwords from mail programs any more, only the tokens of OAuth 2 (login: oauth2)",
		sender: "admin.exchange.microsoft.com > Recipients > Mailboxes > the mailbox > Delegation > Send as",
		by: map[string]side{
			IMAP: {hosts: []string{"outlook.office365.com", "imap-mail.outlook.com", ".office365.com", ".outlook.com", "partner.outlook.cn"},
				enable: microsoftUser + "IMAP", oauth: microsoft + "IMAP.AccessAsUser.All",
				options: map[string]string{"host": "outlook.office365.com", "login": ByOAuth2, "token_url": microsoftURL, "scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"}},
			SMTP: {hosts: []string{"smtp.office365.com", "smtp-mail.outlook.com", ".office365.com", ".outlook.com", "smtp.partner.outlook.cn"},
				enable: microsoftUser + "Authenticated SMTP", oauth: microsoft + "SMTP.Send",
				options: map[string]string{"host": "smtp.office365.com", "login": ByOAuth2, "token_url": microsoftURL, "scope": "https://outlook.office.com/SMTP.Send offline_access", "rate": "25"}}}},
	{name: "fastmail", title: "Fastmail",
		password: "app password", where: "Settings > Privacy & Security > Connected apps & API tokens > Manage app passwords > New app password (access: {protocol})",
		sender: "Settings > My email addresses",
		by: map[string]side{
			IMAP: {hosts: []string{"imap.fastmail.com", ".fastmail.com", ".messagingengine.com"}, options: map[string]string{"host": "imap.fastmail.com"}},
			SMTP: {hosts: []string{"smtp.fastmail.com", ".fastmail.com", ".messagingengine.com"}, options: map[string]string{"host": "smtp.fastmail.com", "security": TLS}}}},
	{name: "icloud", title: "iCloud Mail",
		password: "app-specific password", where: "account.apple.com > Sign-In and Security > App-Specific Passwords",
		sender: "icloud.com > Mail > Settings > Accounts > Add alias",
		by: map[string]side{
			IMAP: {hosts: []string{"imap.mail.me.com", ".mail.me.com"}, options: map[string]string{"host": "imap.mail.me.com"}},
			SMTP: {hosts: []string{"smtp.mail.me.com", ".mail.me.com"}, options: map[string]string{"host": "smtp.mail.me.com", "rate": "10"}}}},
	{name: "qq", title: "QQ Mail (QQ邮箱)", password: authorisation, where: qq + "生成授权码",
		by: map[string]side{
			IMAP: {hosts: []string{"imap.qq.com", "imap.exmail.qq.com"}, enable: qq + "开启服务", options: map[string]string{"host": "imap.qq.com"}},
			SMTP: {hosts: []string{"smtp.qq.com", "smtp.exmail.qq.com"}, enable: qq + "开启服务", options: map[string]string{"host": "smtp.qq.com", "security": TLS, "rate": "10"}}}},
	{name: "163", title: "NetEase 163 (网易163邮箱)", password: authorisation, where: netease163 + "授权密码管理 > 新增授权密码",
		by: map[string]side{
			IMAP: {hosts: []string{"imap.163.com", "imap.vip.163.com", "imaphz.qiye.163.com", "imap.qiye.163.com"}, enable: netease163 + "开启 IMAP/SMTP服务", options: map[string]string{"host": "imap.163.com"}},
			SMTP: {hosts: []string{"smtp.163.com", "smtp.vip.163.com", "smtphz.qiye.163.com", "smtp.qiye.163.com"}, enable: netease163 + "开启 IMAP/SMTP服务", options: map[string]string{"host": "smtp.163.com", "security": TLS, "rate": "10"}}}},
	{name: "126", title: "NetEase 126 (网易126邮箱)", password: authorisation, where: netease126 + "授权密码管理 > 新增授权密码",
		by: map[string]side{
			IMAP: {hosts: []string{"imap.126.com", "imap.vip.126.com", "imap.yeah.net"}, enable: netease126 + "开启 IMAP/SMTP服务", options: map[string]string{"host": "imap.126.com"}},
			SMTP: {hosts: []string{"smtp.126.com", "smtp.vip.126.com", "smtp.yeah.net"}, enable: netease126 + "开启 IMAP/SMTP服务", options: map[string]string{"host": "smtp.126.com", "security": TLS, "rate": "10"}}}},
	{name: "ses", title: "Amazon SES",
		password: "SMTP password", where: "console.aws.amazon.com/ses > SMTP settings > Create SMTP credentials (not the key of the account)",
		user: "the SMTP user name of those credentials", sender: "console.aws.amazon.com/ses > Identities: the domain must be verified, and the account out of the sandbox",
		by: map[string]side{SMTP: {hosts: []string{".amazonaws.com"}, options: map[string]string{"host": "email-smtp.eu-central-1.amazonaws.com"}}}},
	{name: "sendgrid", title: "Twilio SendGrid",
		password: "API key", where: "app.sendgrid.com > Settings > API Keys (access: Mail Send)",
		user: "the word apikey", sender: "app.sendgrid.com > Settings > Sender Authentication",
		by: map[string]side{SMTP: {hosts: []string{"smtp.sendgrid.net"}, options: map[string]string{"host": "smtp.sendgrid.net", "user": "apikey"}}}},
	{name: "postmark", title: "Postmark",
		password: "server API token", where: "account.postmarkapp.com > the server > API Tokens (user and password are both that token)",
		user: "the server API token", sender: "account.postmarkapp.com > Sender Signatures",
		by: map[string]side{SMTP: {hosts: []string{"smtp.postmarkapp.com", "smtp-broadcasts.postmarkapp.com"}, options: map[string]string{"host": "smtp.postmarkapp.com"}}}},
}

// Presets are the providers as the wizard shows them.
func (p Protocol) Presets() []connectors.Preset {
	var out []connectors.Preset
	for i := range providers {
		known := &providers[i]
		s, ok := known.by[p.Name]
		if !ok {
			continue
		}
		where := map[string]string{"user": "the whole address"}
		if known.user != "" {
			where["user"] = known.user
		}
		if s.options["login"] != ByOAuth2 {
			where["password"] = "the " + known.password + ": " + known.place(p)
		}
		if s.oauth != "" {
			where["client_id"], where["client_secret"] = s.oauth, s.oauth
		}
		out = append(out, connectors.Preset{Name: known.name, Title: known.title, Options: maps.Clone(s.options), Where: where})
	}
	return out
}

// place is where the password is made.
func (k *provider) place(p Protocol) string {
	return strings.ReplaceAll(k.where, "{protocol}", p.Name)
}

// providerOf finds the provider of a server; nil: one that is not known.
func (p Protocol) providerOf(host string) *provider {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for i := range providers {
		for _, h := range providers[i].by[p.Name].hosts {
			if host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h) {
				return &providers[i]
			}
		}
	}
	return nil
}

// Provider is the name of the provider's preset; "" where it is none that is known.
func (a *Account) Provider() string {
	if a.provider == nil {
		return ""
	}
	return a.provider.name
}

// System is how messages call the server.
func (a *Account) System() string {
	if a.provider != nil {
		return a.provider.title
	}
	return a.Host
}

// WantsCode says whether what the provider takes in place of the password is a code, as QQ and NetEase
// call it.
func (a *Account) WantsCode() bool { return a.provider != nil && a.provider.password == authorisation }

func (a *Account) side() side {
	if a.provider == nil {
		return side{}
	}
	return a.provider.by[a.Protocol.Name]
}

// PasswordWords says which password is wanted, and where it is found.
func (a *Account) PasswordWords() string {
	switch p := a.provider; {
	case p == nil:
		return "the password for mail programs; with two-factor login that is mostly an app password, made in the provider's security settings"
	case a.side().options["login"] == ByOAuth2:
		return p.title + " takes no passwords from mail programs any more; set login to oauth2, with client_id, refresh_token and token_url: " + a.side().oauth
	default:
		return "it is the " + p.password + ", not the password of the account; it is found at " + p.place(a.Protocol)
	}
}

// EnableWords says where the protocol is switched on.
func (a *Account) EnableWords() string {
	if where := a.side().enable; where != "" {
		return "switch it on at " + where
	}
	return "switch " + a.Protocol.Name + " on in the settings of the mailbox, or ask who runs the server"
}

// SenderWords says who may send as whom.
func (a *Account) SenderWords() string {
	if a.provider == nil || a.provider.sender == "" {
		return "set from to the address that logs in, or have the other one allowed for it"
	}
	return "set from to the address that logs in, or allow the other one for it at " + a.provider.sender
}

// OAuthWords says where tokens come from.
func (a *Account) OAuthWords() string {
	if where := a.side().oauth; where != "" {
		return "register an application at " + where + ", and let the mailbox's owner agree to it"
	}
	return "register an application with the provider, and let the mailbox's owner agree to it"
}
