package identity

import (
	"strings"
)

// deliveryRule says what a provider ignores in the local part when it delivers.
type deliveryRule struct {
	plus bool   // user+anything goes to user
	dots bool   // u.s.e.r goes to user
	same string // the domain is another name of this one
}

// deliveryRules holds only rules that the provider documents. Absent on purpose: Yahoo (its "-" belongs to addresses made
// one by one, and many real names have a hyphen), GMX and web.de (no tags), QQ and NetEase (no tags).
var deliveryRules = map[string]deliveryRule{
	"gmail.com":      {plus: true, dots: true},
	"googlemail.com": {plus: true, dots: true, same: "gmail.com"}, // the name in Germany and Great Britain until 2012
	"msn.com":        {plus: true},
	"fastmail.com":   {plus: true},
	"fastmail.fm":    {plus: true},
	"icloud.com":     {plus: true},
	"me.com":         {plus: true},
	"mac.com":        {plus: true},
	"proton.me":      {plus: true},
	"protonmail.com": {plus: true},
	"protonmail.ch":  {plus: true},
	"pm.me":          {plus: true},
	"posteo.de":      {plus: true},
	"posteo.net":     {plus: true},
	"mailbox.org":    {plus: true},
	"hey.com":        {plus: true},
	"zoho.com":       {plus: true},
	"runbox.com":     {plus: true},
	"yandex.ru":      {plus: true},
	"yandex.com":     {plus: true},
	"ya.ru":          {plus: true},
}

// microsoft and the other families run under one name with many national endings.
var ruleFamilies = map[string]deliveryRule{
	"outlook": {plus: true},
	"hotmail": {plus: true},
	"live":    {plus: true},
}

func mailboxRule(domain string) deliveryRule {
	if r, ok := deliveryRules[domain]; ok {
		return r
	}
	if name, ok := familyName(domain); ok {
		return ruleFamilies[name]
	}
	return deliveryRule{}
}

// familyName gives "yahoo" for yahoo.com, yahoo.co.jp and yahoo.com.br, but not for mail.yahoo.com or yahoo.example.org:
// the name must stand directly before a short national ending.
func familyName(domain string) (string, bool) {
	name, ending, ok := strings.Cut(domain, ".")
	if !ok {
		return "", false
	}
	if second, nation, two := strings.Cut(ending, "."); two {
		return name, len(nation) == 2 && (second == "co" || second == "com" || second == "ne" || second == "or")
	}
	return name, len(ending) == 2 || ending == "com" || ending == "net"
}

// Kinds that MailProviderKind gives. All of them mean: the domain says nothing about an organisation.
const (
	ProviderWebmail    = "webmail"    // anybody can open a mailbox
	ProviderAccess     = "access"     // comes with somebody's internet or phone line
	ProviderRelay      = "relay"      // a marketplace or a privacy service stands between; the address may change or end
	ProviderDisposable = "disposable" // made to be thrown away
)

var providerLists = map[string]string{
	ProviderWebmail: `gmail.com googlemail.com icloud.com me.com mac.com aol.com aol.de aim.com msn.com passport.com
		proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tutamail.com tuta.io tuta.com keemail.me
		fastmail.com fastmail.fm hey.com zoho.com zohomail.com zoho.eu mail.com email.com usa.com europe.com runbox.com
		posteo.de posteo.net mailbox.org hushmail.com mailfence.com disroot.org riseup.net startmail.com inbox.com lycos.com
		web.de gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.org gmx.info gmx.biz gmx.eu freenet.de mail.de email.de vodafonemail.de
		qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com vip.126.com yeah.net 188.com sina.com sina.cn vip.sina.com
		sohu.com tom.com 139.com 189.cn wo.cn 21cn.com 263.net aliyun.com hotmail.com.tw
		naver.com daum.net hanmail.net kakao.com nate.com mail.ru bk.ru inbox.ru list.ru internet.ru rambler.ru lenta.ru
		yandex.ru yandex.com yandex.by yandex.kz yandex.ua ya.ru ukr.net i.ua meta.ua seznam.cz email.cz post.cz centrum.cz
		volny.cz azet.sk zoznam.sk wp.pl o2.pl onet.pl onet.eu op.pl poczta.onet.pl interia.pl interia.eu gazeta.pl tlen.pl
		libero.it virgilio.it tiscali.it iol.it laposte.net caramail.com citromail.hu freemail.hu abv.bg mail.bg
		uol.com.br bol.com.br terra.com.br ig.com.br globo.com walla.co.il walla.com rediffmail.com
		rocketmail.com ymail.com sapo.pt hispavista.com telefonica.net inbox.lv inbox.lt one.lt windowslive.com
		docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp excite.co.jp goo.jp`,
	ProviderAccess: `t-online.de magenta.de arcor.de alice-dsl.net alice.de online.de kabelmail.de unitybox.de ewe.net ewetel.net
		versanet.de o2online.de osnanet.de htp-tel.de netcologne.de chello.at aon.at a1.net inode.at bluewin.ch sunrise.ch
		hispeed.ch orange.fr wanadoo.fr free.fr sfr.fr neuf.fr bbox.fr club-internet.fr numericable.fr cegetel.net alice.it
		tin.it tim.it fastwebnet.it btinternet.com btopenworld.com bt.com talktalk.net sky.com virginmedia.com
		ntlworld.com blueyonder.co.uk tiscali.co.uk plus.com o2.co.uk eircom.net comcast.net verizon.net att.net sbcglobal.net
		bellsouth.net cox.net charter.net earthlink.net optonline.net frontier.com frontiernet.net windstream.net juno.com
		netzero.net roadrunner.com rr.com centurylink.net rogers.com shaw.ca bell.net sympatico.ca telus.net videotron.ca
		bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au xtra.co.nz ziggo.nl kpnmail.nl kpnplanet.nl planet.nl
		home.nl hetnet.nl xs4all.nl upcmail.nl casema.nl quicknet.nl telenet.be skynet.be proximus.be scarlet.be telia.com
		tele2.se bredband.net comhem.se online.no broadpark.no frisurf.no mail.dk stofanet.dk tdcadsl.dk kolumbus.fi elisanet.fi
		luukku.com saunalahti.fi biglobe.ne.jp nifty.com ocn.ne.jp so-net.ne.jp plala.or.jp dion.ne.jp hinet.net seed.net.tw
		pchome.com.tw netvigator.com singnet.com.sg starhub.net.sg mweb.co.za telkomsa.net vodamail.co.za`,
	ProviderRelay: `privaterelay.appleid.com marketplace.amazon.com marketplace.amazon.de marketplace.amazon.co.uk
		marketplace.amazon.fr marketplace.amazon.it marketplace.amazon.es marketplace.amazon.co.jp members.ebay.com members.ebay.de
		mozmail.com duck.com simplelogin.com slmail.me aleeas.com anonaddy.com anonaddy.me addy.io relay.firefox.com
		users.noreply.github.com guest.booking.com guest.airbnb.com`,
	ProviderDisposable: `mailinator.com guerrillamail.com sharklasers.com 10minutemail.com temp-mail.org tempmail.com yopmail.com
		trashmail.com trash-mail.com wegwerfemail.de byom.de spamgourmet.com throwawaymail.com getnada.com maildrop.cc dispostable.com
		mailnesia.com mintemail.com fakeinbox.com discard.email`,
}

// providerFamilies run under one name and many national endings (yahoo.co.jp, hotmail.fr, gmx.at).
var providerFamilies = map[string]bool{
	"yahoo": true, "hotmail": true, "outlook": true, "live": true, "gmx": true, "yandex": true, "rocketmail": true, "ymail": true,
}

var mailProviders = func() map[string]string {
	m := make(map[string]string, 400)
	for kind, list := range providerLists {
		for d := range strings.FieldsSeq(list) {
			m[d] = kind
		}
	}
	return m
}()

// IsMailProvider reports whether anybody may have an address below this domain, so that two people who share the domain
// need not know each other and no organisation can be read from it. The domain is expected in ASCII and lower case, as in
// Email.Domain.
func IsMailProvider(domain string) bool { return MailProviderKind(domain) != "" }

// MailProviderKind says why a domain names no organisation: one of the Provider constants, or "" where it may name one.
func MailProviderKind(domain string) string {
	domain = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(domain)), ".")
	if kind := mailProviders[domain]; kind != "" {
		return kind
	}
	if name, ok := familyName(domain); ok && providerFamilies[name] {
		return ProviderWebmail
	}
	return ""
}

// roleWords are local parts behind which a function stands, whoever serves it today: never one person.
var roleWords = wordSet(`info infos information sales office kontakt contact contacts contato contacto contatti support service
	services help helpdesk hello hallo hi hola mail email post admin administrator administration administracion
	webmaster postmaster hostmaster abuse security root privacy datenschutz dpo gdpr legal compliance
	billing invoice invoices accounting accounts accountspayable ap ar finance buchhaltung rechnung rechnungen faktura fibu
	orders order bestellung bestellungen shop store webshop onlineshop einkauf purchasing procurement vertrieb verkauf verkoop ventas
	vendas vendite commercial commerciale export import marketing press presse media pr news newsletter team crew staff
	hr jobs job careers career bewerbung bewerbungen personal recruiting recruitment rh reception rezeption empfang zentrale sekretariat
	secretariat secretary buero bureau kanzlei praxis anfrage anfragen enquiries enquiry inquiries inquiry request feedback
	kundenservice kundendienst customerservice customercare care service-client customer customers clientes booking bookings
	reservation reservations reservierung buchung tickets ticket it edv tech technik dev developers ops operations noc it-support
	management direction geschaeftsleitung leitung vorstand board members mitglieder partner partners events event
	returns retoure retouren shipping versand logistics logistik dispatch warehouse lager complaints reklamation quality
	everyone all group list mailbox inbox main general allgemein verwaltung gemeinde rathaus schule school kita library
	kefu kefubu lianxi xiaoshou caiwu shouhou rensheng renshi bangong zhaopin 联系 联系我们 客服 客服部 销售 销售部 财务 财务部 售后 人事 招聘
	办公室 采购 市场 市场部 服务 咨询 信息 前台 聯絡 業務 お問い合わせ 営業 総務 サポート 문의 영업 고객센터 инфо продажи офис поддержка`)

// IsRoleAddress reports whether a local part names a function (info@, sales@, kontakt@, 客服@) and so is shared by nature:
// it may point to an organisation and must never glue two people together. No-reply addresses count. A tag, one or two
// digits, or a country or language code at the end do not matter: info+shop, office2, sales-de.
func IsRoleAddress(local string) bool {
	local = strings.ToLower(strings.TrimSpace(local))
	if base, _, ok := strings.Cut(local, "@"); ok {
		local = base
	}
	if base, _, ok := strings.Cut(local, "+"); ok {
		local = base
	}
	if local == "" {
		return false
	}
	if roleWords[local] || IsNoReply(local) {
		return true
	}
	short := strings.TrimRight(local, "0123456789")
	if n := len(local) - len(short); n > 0 && n <= 2 && roleWords[strings.TrimRight(short, "-_.")] {
		return true
	}
	if roleWords[withoutJoints(local)] {
		return true
	}
	for _, sep := range ".-_" {
		if i := strings.LastIndexByte(local, byte(sep)); i > 0 && len(local)-i-1 == 2 && roleWords[local[:i]] {
			return true
		}
		if i := strings.IndexByte(local, byte(sep)); i == 2 && roleWords[local[i+1:]] {
			return true
		}
	}
	return false
}

func withoutJoints(s string) string {
	if !strings.ContainsAny(s, ".-_") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' {
			return -1
		}
		return r
	}, s)
}

var noReplyParts = []string{
	"noreply", "donotreply", "dontreply", "noresponse", "noanswer", "nichtantworten", "keineantwort", "nepasrepondre", "noresponder", "naoresponda",
	"mailerdaemon",
}

// IsNoReply reports whether a local part belongs to a machine that reads no answers: no-reply, do_not_reply, bounces,
// mailer-daemon. Such an address is nobody's identifier.
func IsNoReply(local string) bool {
	if base, _, ok := strings.Cut(local, "@"); ok {
		local = base
	}
	s := withoutJoints(strings.ToLower(strings.TrimSpace(local)))
	for _, part := range noReplyParts {
		if strings.Contains(s, part) {
			return true
		}
	}
	base, _, _ := strings.Cut(s, "+")
	return base == "bounce" || base == "bounces"
}

func wordSet(list string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}
