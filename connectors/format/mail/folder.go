package mail

import "strings"

// Place is what a mail folder is for, where that matters.
type Place string

// The places that are told apart; any other folder has none.
const (
	Sent   Place = "sent"
	Drafts Place = "drafts"
	Spam   Place = "spam"
	Trash  Place = "trash"
)

// places are the names of folders in the languages of the world's mail programs. Whole names count:
// Gmail's "All mail Including Spam and Trash" is neither.
var places = map[string]Place{}

func init() {
	for p, names := range map[Place]string{
		Sent: "sent|sent mail|sent items|sent messages|sentmail|sent-mail|sent emails|gesendet|gesendete objekte|gesendete elemente|gesendete nachrichten|gesendete mails|已发送|已发送邮件|已发送消息|" +
			"已发邮件|已发送的邮件|发件箱|寄件備份|已傳送的郵件|寄件匣|已寄出|已寄送的郵件|envoyés|messages envoyés|éléments envoyés|courrier envoyé|enviados|elementos enviados|correo enviado|mensajes enviados|" +
			"itens enviados|e-mails enviados|mensagens enviadas|enviadas|posta inviata|inviati|inviata|elementi inviati|messaggi inviati|verzonden|verzonden items|verzonden berichten|skickat|skickade objekt|" +
			"sendt|sendt post|sendte elementer|sendte e-mails|отправленные|wysłane|elementy wysłane|gönderilmiş öğeler|gönderilmiş|gönderilmiş postalar|المرسلة|البريد المرسل|المرسل|العناصر المرسلة|الرسائل المرسلة|" +
			"送信済み|送信済みメール|送信済みアイテム|送信済みトレイ|보낸편지함|보낸 편지함|lähetetyt|odeslané|odeslaná pošta|elküldött elemek",
		Drafts: "drafts|draft|entwürfe|entwurf|草稿|草稿箱|草稿夹|草稿匣|brouillons|borradores|bozze|rascunhos|concepten|utkast|kladder|черновики|wersje robocze|szkice|taslaklar|المسودات|مسودات|下書き|" +
			"임시보관함|luonnokset|koncepty|templates|vorlagen|unsent messages|outbox|postausgang|unsent",
		Trash: "trash|deleted items|deleted messages|deleted|bin|papierkorb|gelöscht|gelöschte objekte|gelöschte elemente|gelöschte nachrichten|已删除|已删除邮件|已删除消息|已删除的邮件|废件箱|垃圾桶|" +
			"刪除的郵件|已刪除的郵件|回收站|corbeille|éléments supprimés|messages supprimés|papelera|elementos eliminados|cestino|posta eliminata|lixeira|itens excluídos|prullenbak|verwijderde items|papperskorgen|" +
			"borttagna objekt|papirkurv|slettet post|корзина|удаленные|удалённые|kosz|elementy usunięte|çöp kutusu|çöp|سلة المهملات|المهملات|العناصر المحذوفة|ゴミ箱|ごみ箱|휴지통|roskakori|koš",
		Spam: "spam|junk|junk e-mail|junk email|junk mail|bulk mail|spamverdacht|spam-verdacht|junk-e-mail|unerwünscht|werbung|垃圾邮件|垃圾箱|广告邮件|垃圾郵件|pourriel|pourriels|indésirables|courrier indésirable|" +
			"correo no deseado|no deseado|posta indesiderata|lixo eletrônico|ongewenste e-mail|ongewenst|skräppost|søppelpost|спам|нежелательная почта|البريد العشوائي|الرسائل غير المرغوب فيها|بريد غير هام|" +
			"迷惑メール|스팸메일함|스팸|istenmeyen|gereksiz e-posta|roskaposti|nevyžádaná pošta",
	} {
		for name := range strings.SplitSeq(names, "|") {
			places[name] = p
		}
	}
}

// numbered is what programs put behind the name of a second folder: "Sent-1", "Sent (2)".
var numbered = pattern(`[-_ ]?(\(\d+\)|\d{1,4})$`)

// PlaceOf says what a folder is for, by its name or path ("[Gmail]/Sent Mail", "INBOX.Sent").
func PlaceOf(folder string) Place {
	for rest := folder; rest != ""; {
		name := rest
		if i := strings.LastIndexAny(rest, "/"); i >= 0 {
			name, rest = rest[i+1:], rest[:i]
		} else {
			rest = ""
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if len(name) > 6 && strings.HasPrefix(name, "inbox.") {
			name = name[6:]
		}
		for _, n := range []string{name, strings.TrimSpace(numbered().ReplaceAllString(name, "")), strings.ReplaceAll(name, "_", " ")} {
			if p, ok := places[n]; ok {
				return p
			}
		}
	}
	return ""
}

// PlaceOfLabels says it of Gmail's labels: a message in the trash is there, whatever else it was.
func PlaceOfLabels(labels []string) Place {
	found := Place("")
	for _, l := range labels {
		switch p := PlaceOf(l); p {
		case Spam, Trash, Drafts:
			return p
		case Sent:
			found = Sent
		}
	}
	return found
}

// inbox are the names of the folder where mail arrives.
var inbox = map[string]bool{"inbox": true, "posteingang": true, "收件箱": true, "收件匣": true, "boîte de réception": true, "bandeja de entrada": true, "recibidos": true, "posta in arrivo": true,
	"caixa de entrada": true, "postvak in": true, "входящие": true, "البريد الوارد": true, "受信トレイ": true, "받은편지함": true}

// FolderOfLabels chooses the label that a message is shown with.
func FolderOfLabels(labels []string, fallback string) string {
	best, rank := fallback, 0
	for _, l := range labels {
		low, r := strings.ToLower(l), 1
		switch {
		case PlaceOf(l) != "":
			r = 4
		case inbox[low]:
			r = 3
		case low == "unread" || low == "opened" || low == "starred" || low == "important" || low == "archived" || strings.HasPrefix(low, "category"):
			r = 0
		default:
			r = 2
		}
		if r > rank {
			best, rank = l, r
		}
	}
	return best
}
