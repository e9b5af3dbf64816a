package csv

import (
	"strings"
	"time"
	"unicode"

	"github.com/keptcrm/kept/connectors"
)

// guess is what a column of an unknown table probably is.
type guess struct{ target, why string }

// names are names of columns, folded by foldWords, that people give in English, German, Chinese,
// French and Spanish.
var names = func() map[string]string {
	all := map[string]string{}
	for target, list := range map[string]string{
		"id":               "id|customer id|customer no|customer number|contact id|kundennummer|kunden nr|kundennr|kunden id|客户编号|客户id|会员号|编号|numero client|n client|no client|id client|numero de cliente|id cliente",
		"name":             "name|full name|fullname|customer name|customer|contact name|contact|kunde|kundenname|ansprechpartner|vollstandiger name|姓名|名字|客户姓名|客户名称|联系人|名称|nom complet|nom et prenom|client|nombre completo|cliente|nombre y apellidos",
		"given":            "first name|firstname|given name|forename|fname|vorname|名|prenom|nombre|nombre de pila",
		"family":           "last name|lastname|surname|family name|lname|nachname|familienname|zuname|姓|姓氏|nom|nom de famille|apellido|apellidos",
		"middle":           "middle name|zweiter vorname",
		"prefix":           "salutation|name prefix|anrede|titel|称谓|civilite|tratamiento",
		"nickname":         "nickname|spitzname|昵称|surnom|apodo",
		"email":            "email|e mail|mail|email address|e mail address|mail address|emails|e mail adresse|email adresse|mailadresse|emailadresse|邮箱|电子邮箱|电子邮件|邮件|邮箱地址|电邮|courriel|adresse e mail|adresse email|adresse mail|correo|correo electronico|correo e|email 1|e mail 1|email privat",
		"phone":            "phone|phone number|telephone|tel|telephone number|telefon|telefonnummer|tel nr|rufnummer|电话|联系电话|电话号码|固定电话|座机|n de telephone|numero de telephone|telefono|numero de telefono|phone 1",
		"phone:mobile":     "mobile|mobile phone|cell|cell phone|cellphone|mobile number|handy|handynummer|mobil|mobiltelefon|mobilnummer|手机|手机号|手机号码|移动电话|portable|mobile portable|telephone portable|movil|celular|telefono movil",
		"phone:fax":        "fax|fax number|telefax|faxnummer|传真|telecopie",
		"phone:work":       "work phone|business phone|office phone|telefon geschaftlich|办公电话|telephone professionnel",
		"phone:home":       "home phone|telefon privat|家庭电话",
		"company":          "company|company name|organisation|organization|employer|account name|firma|firmenname|unternehmen|公司|公司名称|单位|企业|企业名称|societe|entreprise|raison sociale|empresa|compania|razon social",
		"title":            "job title|position|role|occupation|beruf|funktion|stellenbezeichnung|职位|职务|岗位|poste|fonction|cargo|puesto",
		"department":       "department|abteilung|部门|service|departement|departamento",
		"address.street":   "street|address|address 1|address line 1|address1|street address|strasse|straße|strasse hausnummer|strasse nr|adresse|anschrift|地址|详细地址|街道|联系地址|rue|adresse 1|calle|direccion|domicilio",
		"address.street2":  "address 2|address line 2|address2|adresszusatz|adresse 2|complement d adresse|direccion 2",
		"address.city":     "city|town|ort|stadt|wohnort|城市|市|ville|commune|ciudad|localidad|poblacion",
		"address.region":   "state|province|region|county|bundesland|kanton|省|省份|地区|provincia|departamento region|estado provincia",
		"address.postcode": "zip|zip code|zipcode|postal code|postcode|post code|plz|postleitzahl|邮编|邮政编码|code postal|cp|codigo postal|c p",
		"address.country":  "country|country code|land|国家|国家 地区|pays|pais",
		"birthday":         "birthday|birth date|birthdate|date of birth|dob|geburtstag|geburtsdatum|生日|出生日期|date de naissance|anniversaire|fecha de nacimiento|cumpleanos",
		"gender":           "gender|sex|geschlecht|性别|sexe|sexo|genero",
		"language":         "language|sprache|语言|langue|idioma",
		"note":             "note|notes|comment|comments|remark|remarks|bemerkung|bemerkungen|notiz|notizen|kommentar|备注|说明|注释|remarque|commentaire|notas|observaciones|comentarios",
		"tag":              "tag|tags|label|labels|category|categories|group|groups|schlagworte|kategorie|gruppe|标签|分组|分类|etiquette|etiquettes|categorie|etiqueta|etiquetas|categoria",
		"url":              "website|web site|web|url|homepage|webseite|internet|网址|网站|site web|sitio web|pagina web",
		"owner":            "owner|account manager|sales rep|betreuer|verkaufer|负责人|客户经理|proprietaire|responsable|propietario",
		"stage":            "stage|lifecycle stage|phase|阶段|etape|etapa",
		"handle:wechat":    "wechat|微信|微信号|wechat id",
		"handle:qq":        "qq|qq号",
		"handle:instagram": "instagram|insta", "handle:twitter": "twitter|x handle|twitter handle", "handle:whatsapp": "whatsapp", "handle:telegram": "telegram",
		"url:linkedin": "linkedin|linkedin url|linkedin profile",
		"created":      "created|created at|creation date|date created|date added|signup date|registered|date registered|angelegt|angelegt am|erstellt|erstellt am|kunde seit|创建时间|注册时间|创建日期|注册日期|date de creation|cree le|fecha de creacion|fecha de alta|customer since",
		"modified":     "modified|updated|updated at|last modified|date modified|geandert|geandert am|letzte anderung|更新时间|修改时间|modifie le|date de modification|fecha de modificacion",

		"consent.email": "newsletter|accepts marketing|accepts email marketing|marketing consent|email consent|email opt in|opt in|optin|newsletter opt in|marketing opt in|subscribed|subscribed to newsletter|einwilligung|werbeeinwilligung|newsletter einwilligung|newsletter erwunscht|订阅|是否订阅|接受营销|接收邮件|consentement|accepte le marketing|infolettre|consentimiento|acepta marketing|boletin",
		"consent.sms":   "sms opt in|accepts sms marketing|sms consent|sms einwilligung|接受短信",
		"optout.email":  "unsubscribed|unsubscribe|opt out|optout|opted out|email opt out|emailoptout|has opted out of email|do not email|no email|no marketing|unsubscribed at|unsubscribe date|abgemeldet|abgemeldet am|newsletter abgemeldet|keine werbung|keine mails|werbesperre|widerruf|widerspruch|退订|已退订|是否退订|拒收|desabonne|desinscrit|desabonnement|baja|dado de baja|no contactar|do not contact|nicht kontaktieren|请勿联系|ne pas contacter",
		"optout.phone":  "do not call|dnc|no calls|nicht anrufen|请勿致电|ne pas appeler|no llamar",
		"optout.sms":    "sms opt out|do not sms",
		"optout.post":   "do not mail|no post|keine post",
		"status.email":  "subscription status|email status|email marketing status|newsletter status|subscriber status|abo status|订阅状态|statut d abonnement|estado de suscripcion",

		"order.number":       "order number|order no|order nr|order id|order|order name|order #|bestellnummer|bestell nr|bestellnr|auftragsnummer|auftrag|订单号|订单编号|numero de commande|n de commande|commande|numero de pedido|n de pedido|pedido|invoice number|rechnungsnummer",
		"order.at":           "order date|date of order|ordered at|ordered on|bestelldatum|bestellt am|auftragsdatum|下单时间|下单日期|订单日期|订单时间|date de commande|fecha de pedido|fecha del pedido|purchase date|invoice date|rechnungsdatum",
		"order.total":        "order total|total|total amount|grand total|amount|order amount|order value|gesamt|gesamtbetrag|gesamtsumme|bestellwert|summe|betrag|订单金额|总金额|金额|总价|合计|实付金额|montant total|montant|total commande|total ttc|importe|importe total|total pedido|total del pedido",
		"order.refunded":     "refunded|refunded amount|refund amount|refund|erstattet|erstattung|erstattungsbetrag|ruckerstattung|退款金额|退款|montant rembourse|rembourse|reembolso|importe reembolsado",
		"order.currency":     "currency|currency code|wahrung|币种|货币|devise|moneda|divisa",
		"order.status":       "order status|payment status|financial status|bestellstatus|auftragsstatus|zahlungsstatus|订单状态|支付状态|statut de commande|statut commande|statut de la commande|estado del pedido|estado de pago",
		"order.fulfilment":   "fulfillment status|fulfilment status|shipping status|versandstatus|发货状态|物流状态",
		"order.method":       "payment method|zahlungsart|zahlungsmethode|支付方式|付款方式|mode de paiement|metodo de pago",
		"order.shipped_at":   "shipped at|ship date|shipped|versanddatum|versendet am|发货时间|date d expedition|fecha de envio",
		"order.paid_at":      "paid at|payment date|paid|bezahlt am|zahlungsdatum|付款时间|支付时间|date de paiement|fecha de pago",
		"order.cancelled_at": "cancelled at|canceled at|storniert am|取消时间",
		"line.sku":           "sku|item sku|product sku|article number|artikelnummer|artikel nr|商品编码|货号|reference",
		"line.name":          "product|product name|item|item name|article|artikel|artikelname|produkt|商品|商品名称|产品|产品名称|produit|article nom|producto|articulo",
		"line.quantity":      "quantity|qty|menge|anzahl|数量|quantite|cantidad",
		"line.price":         "unit price|item price|price|einzelpreis|preis|单价|价格|prix|prix unitaire|precio|precio unitario",
	} {
		for _, n := range strings.Split(list, "|") {
			all[foldWords(n)] = target
		}
	}
	return all
}()

// guessColumns tells what each column of a table is, by its name, else by what stands in it.
func guessColumns(header []string, sample [][]string) []guess {
	out := make([]guess, len(header))
	taken := map[string]bool{}
	orderish := false
	for i, h := range header {
		t := names[foldWords(h)]
		if t == "" {
			continue
		}
		// A contact table's "Total" or "Product" is a figure about the contact.
		if strings.HasPrefix(t, "order.") {
			orderish = orderish || t == "order.number"
		}
		if single(t) && taken[t] {
			continue
		}
		taken[t] = true
		out[i] = guess{t, "name"}
	}
	for i := range header {
		if out[i].target == "" {
			if t := byContent(column1(sample, i)); t != "" && !(single(t) && taken[t]) {
				taken[t] = true
				out[i] = guess{t, "content"}
			}
		}
	}
	for i, h := range header {
		t := out[i].target
		lone := (strings.HasPrefix(t, "order.") || strings.HasPrefix(t, "line.")) && !orderish
		if t == "" || lone {
			out[i] = guess{customTarget(h), "name"}
		}
		if orderish && t == "id" {
			out[i] = guess{customTarget(h), "name"}
		}
	}
	if orderish && !taken["order.at"] {
		for i, h := range header {
			if f := foldWords(h); f == "date" || f == "datum" || f == "日期" || f == "时间" || f == "fecha" || out[i].target == "created" {
				out[i] = guess{"order.at", "name"}
				break
			}
		}
	}
	if orderish && !taken["order.status"] {
		for i, h := range header {
			if f := foldWords(h); f == "status" || f == "状态" || f == "statut" || f == "estado" {
				out[i] = guess{"order.status", "name"}
				break
			}
		}
	}
	return out
}

// single says whether a contact has one of it, so that a second column of that kind is another thing.
func single(target string) bool {
	switch parseTarget(target).name {
	case "email", "phone", "tag", "url", "handle", "optout", "consent", "company", "note":
		return false
	}
	return true
}

func column1(sample [][]string, i int) []string {
	var cells []string
	for _, row := range sample {
		if i < len(row) {
			if c := clean(row[i]); c != "" {
				cells = append(cells, c)
			}
		}
	}
	return cells
}

// byContent tells what a column with an unknown name is by what most of its cells are.
func byContent(cells []string) string {
	if len(cells) == 0 {
		return ""
	}
	if subscriptions(cells) {
		return "status.email"
	}
	var emails, phones int
	for _, c := range cells {
		if _, ok := parseEmail(c); ok {
			emails++
		}
		if phoneLike(c) {
			phones++
		}
	}
	switch {
	case emails*10 >= len(cells)*8:
		return connectors.FieldEmail
	case phones*10 >= len(cells)*8:
		return connectors.FieldPhone
	}
	return ""
}

// phoneLike says whether a text is written as only phone numbers are: with + or 00 or a leading 0
// and separators. Plain digits could be anything.
func phoneLike(s string) bool {
	n := len(digits(s))
	if n < 7 || n > 15 || strings.ContainsFunc(s, func(c rune) bool { return unicode.IsLetter(c) || strings.ContainsRune(":,;", c) }) {
		return false
	}
	if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "00") {
		return true
	}
	if _, isDate := parseTime(s, "", time.UTC); isDate {
		return false
	}
	return (strings.HasPrefix(s, "0") || strings.HasPrefix(s, "(")) && strings.ContainsAny(s, " -/()") ||
		n == 11 && len(s) == 11 && s[0] == '1' && s[1] >= '3' // a Chinese mobile number
}

// looksLikeOrders says whether a table tells orders: it has their numbers, totals and dates.
func looksLikeOrders(guessed []guess, mapped map[string]string, header []string) bool {
	has := map[string]bool{}
	for i, g := range guessed {
		t := g.target
		if m, ok := mapped[fold(header[i])]; ok {
			t = m
		}
		has[t] = true
	}
	return has["order.number"] && has["order.total"] && has["order.at"]
}
