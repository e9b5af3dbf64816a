package mail

import (
	"strings"
	"unicode/utf8"
)

// kind is what a line of a body is.
type kind uint8

const (
	fresh     kind = iota // not known yet; in the end: new
	quoted                // somebody else's
	signature             // below a signature's mark
	rest                  // quoted, and all that follows
)

type line struct {
	text string
	kind kind
}

// Split cuts the text of a message into what it says anew, what it quotes or forwards, and its
// signature. Each line that is not blank goes into one of the three, in order and unchanged but for
// spaces at its end.
func Split(text string) (said, quotes, sig string) {
	var lines []line
	for l := range strings.SplitSeq(text, "\n") {
		lines = append(lines, line{text: l})
	}
	return split(lines)
}

func split(lines []line) (said, quotes, sig string) {
	mark(lines)
	var parts [3]strings.Builder
	var last [3]int // the last line of each; a gap between two is shown as one empty line
	for i := range lines {
		k := lines[i].kind
		if k == rest {
			k = quoted
		}
		b := &parts[k]
		t := strings.TrimRight(lines[i].text, " \t\r\u00a0\u3000")
		if strings.TrimSpace(t) == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			if i > last[k]+1 {
				b.WriteByte('\n')
			}
		}
		last[k] = i
		b.WriteString(t)
	}
	return parts[fresh].String(), parts[quoted].String(), parts[signature].String()
}

// mark finds out of each line what it is.
func mark(lines []line) {
	for i := 0; i < len(lines); i++ {
		if lines[i].kind == rest {
			toEnd(lines, i)
			break
		}
		if lines[i].kind != fresh {
			continue
		}
		t := strings.TrimSpace(lines[i].text)
		if t == "" {
			continue
		}
		switch {
		case t[0] == '>':
			lines[i].kind = quoted
		case separator(t), headerBlock(lines, i):
			for j := i - 1; j >= 0 && lines[j].kind == fresh; j-- { // the rule above it
				if above := strings.TrimSpace(lines[j].text); above != "" {
					if len(above) >= 5 && strings.Trim(above, "_-=*— ") == "" {
						lines[j].kind = quoted
					}
					break
				}
			}
			toEnd(lines, i)
		default:
			n, strong := attribution(lines, i)
			if n == 0 {
				continue
			}
			next := following(lines, i+n)
			if next < 0 || !strong && lines[next].kind == fresh && !strings.HasPrefix(strings.TrimSpace(lines[next].text), ">") {
				continue
			}
			for j := i; j < i+n; j++ {
				lines[j].kind = quoted
			}
			if lines[next].kind == fresh && !strings.HasPrefix(strings.TrimSpace(lines[next].text), ">") {
				toEnd(lines, i)
			}
		}
	}
	signatures(lines)
}

func toEnd(lines []line, from int) {
	for j := from; j < len(lines); j++ {
		lines[j].kind = quoted
	}
}

// following is the next line that is not blank, or -1.
func following(lines []line, from int) int {
	for j := from; j < len(lines); j++ {
		if strings.TrimSpace(lines[j].text) != "" {
			return j
		}
	}
	return -1
}

// Words by which programs introduce what they quote, in the languages of the world's mail programs.
var (
	separators = pattern(`(?i)^[-_=* ]{2,}\s*(original message|original mail|original appointment|forwarded message|forwarded by .*|forwarded mail|ursprüngliche nachricht|original-?nachricht|originalnachricht|` +
		`weitergeleitete nachricht|urspr.ngliche nachricht|ursprünglicher termin|原始邮件|原始郵件|原邮件|转发邮件|轉寄郵件|轉寄的郵件|转发的邮件|轉寄者.*|回复的原邮件|回复的邮件|转发的原邮件|邮件原件|message d'origine|message d’origine|` +
		`message transféré|message original|mensaje original|mensaje reenviado|messaggio originale|messaggio inoltrato|mensagem original|mensagem encaminhada|oorspronkelijk bericht|` +
		`doorgestuurd bericht|ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|исходное сообщение|пересылаемое сообщение|` +
		`конец пересылаемого сообщения|original ileti|الرسالة الأصلية|رسالة معاد توجيهها|元のメッセージ|転送メッセージ|원본 메시지)\s*:?\s*[-_=* ]*$`)
	starters = []string{"begin forwarded message:", "anfang der weitergeleiteten nachricht:", "anfang der weitergeleiteten e-mail:", "开始转发邮件", "開始轉寄郵件", "début du message réexpédié", "début du message transféré",
		"inicio del mensaje reenviado", "inizio messaggio inoltrato", "início da mensagem reencaminhada", "下面是转发的邮件", "下面是被转发的邮件"}
	// wrote are words that stand in the line before a quotation.
	wrote = []string{"wrote", "writes", "schrieb", "hat geschrieben", "a écrit", "escribió", "ha scritto", "escreveu", "schreef", "skrev", "napisał", "пишет", "писал", "написал", "写道", "寫道", "のメール", "書きました",
		"yazdı", "كتب", "kirjoitti", "作成", "님이 작성"}
	begins = []string{"on ", "am ", "le ", "el ", "il ", "em ", "op ", "den ", "at ", "w dniu ", "dnia ", "在", "于", "於", "في", "em ", "pada ", "ke ", "den", "il giorno "}
	clock  = pattern(`@|\d{1,2}[:.]\d{2}|\d{4}[-/年.]\d{1,2}`)
)

func separator(t string) bool {
	if len(t) > 200 {
		return false
	}
	if (t[0] == '-' || t[0] == '_' || t[0] == '=' || t[0] == '*') && separators().MatchString(t) {
		return true
	}
	for _, s := range starters {
		if len(t) >= len(s) && strings.EqualFold(t[:len(s)], s) {
			return true
		}
	}
	return false
}

// attribution says how many lines from i on introduce a quotation ("On Monday, Jana wrote:"), 0 for
// none; strong, where nothing but a mail program writes that.
func attribution(lines []line, i int) (n int, strong bool) {
	joined := ""
	for n = 1; n <= 3 && i+n-1 < len(lines) && lines[i+n-1].kind == fresh; n++ {
		t := strings.TrimSpace(lines[i+n-1].text)
		if t == "" || t[0] == '>' {
			return 0, false
		}
		if joined += " " + t; len(joined) > 400 {
			return 0, false
		}
		if strings.HasSuffix(t, ":") || strings.HasSuffix(t, "：") {
			if n > 1 && begin(t) && introduces(t) {
				return 0, false // it stands by itself; what is above it is new
			}
			return n, introduces(joined)
		}
		if n == 1 && !(begin(t) && clock().MatchString(t)) || n > 1 && begin(t) {
			return 0, false
		}
	}
	return 0, false
}

func begin(t string) bool {
	low := strings.ToLower(cut(t, 24))
	for _, b := range begins {
		if strings.HasPrefix(low, b) {
			return true
		}
	}
	return t[0] >= '0' && t[0] <= '9'
}

// introduces says whether a line that ends with a colon names a time or an address and says "wrote".
func introduces(t string) bool {
	if !clock().MatchString(t) {
		return false
	}
	low := strings.ToLower(t)
	for _, w := range wrote {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// labels of the headers that programs write above what they quote, and what each is.
var labels = map[string]byte{
	"from": 'f', "von": 'f', "de": 'f', "发件人": 'f', "寄件人": 'f', "寄件者": 'f', "差出人": 'f', "da": 'f', "van": 'f', "från": 'f', "fra": 'f', "lähettäjä": 'f', "от": 'f', "от кого": 'f',
	"od": 'f', "kimden": 'f', "من": 'f', "보낸 사람": 'f', "feladó": 'f', "gönderen": 'f', "发送人": 'f',
	"sent": 'd', "date": 'd', "gesendet": 'd', "datum": 'd', "发送时间": 'd', "發送時間": 'd', "发件时间": 'd', "发送日期": 'd', "日期": 'd', "时间": 'd', "傳送時間": 'd', "寄件日期": 'd', "送信日時": 'd', "日時": 'd',
	"envoyé": 'd', "enviado": 'd', "enviado el": 'd', "fecha": 'd', "inviato": 'd', "data": 'd', "verzonden": 'd', "skickat": 'd', "sendt": 'd', "dato": 'd', "отправлено": 'd', "дата": 'd', "wysłano": 'd',
	"تاريخ": 'd', "التاريخ": 'd', "تم الإرسال": 'd', "보낸 날짜": 'd', "date sent": 'd', "envoyé le": 'd', "tarih": 'd',
	"to": 't', "an": 't', "收件人": 't', "收件者": 't', "宛先": 't', "à": 't', "para": 't', "a": 't', "aan": 't', "till": 't', "til": 't', "кому": 't', "do": 't', "إلى": 't', "받는 사람": 't', "kime": 't',
	"subject": 's', "betreff": 's', "主题": 's', "主題": 's', "主旨": 's', "件名": 's', "objet": 's', "asunto": 's', "oggetto": 's', "assunto": 's', "onderwerp": 's', "ämne": 's', "emne": 's', "тема": 's',
	"temat": 's', "الموضوع": 's', "제목": 's', "konu": 's', "标题": 's',
	"cc": 'c', "kopie": 'c', "抄送": 'c', "副本": 'c', "副本抄送": 'c', "копия": 'c', "kopia": 'c', "kopi": 'c', "نسخة": 'c', "reply-to": 'c', "antwort an": 'c', "importance": 'c', "priorität": 'c', "attachments": 'c', "organization": 'c',
}

// label gives what a line like "*发件人:* Jana" is; 0 where it is none.
func label(t string) byte {
	t = strings.TrimLeft(t, "*_| \u00a0\u3000")
	if len(t) > 1000 {
		t = t[:1000]
	}
	i := strings.IndexAny(t, ":：")
	if i <= 0 || i > 40 {
		return 0
	}
	name := strings.Trim(t[:i], "*_ \u00a0\u3000")
	k, ok := labels[strings.ToLower(name)]
	if !ok && utf8.RuneCountInString(name) < 12 { // 发 件 人
		k = labels[strings.ReplaceAll(name, " ", "")]
	}
	return k
}

// headerBlock says whether a block like "From: … Sent: … To: … Subject: …" begins at i.
func headerBlock(lines []line, i int) bool {
	if k := label(strings.TrimSpace(lines[i].text)); k != 'f' && k != 'd' {
		return false
	}
	seen := map[byte]bool{}
	steps := 0
	for j := i; j < len(lines) && steps < 9; j++ {
		t := strings.TrimSpace(lines[j].text)
		if t == "" {
			if len(seen) >= 3 {
				break
			}
			continue
		}
		steps++
		k := label(t)
		if k == 0 {
			if len(seen) < 2 || strings.HasPrefix(t, ">") {
				break // one more is allowed: a long list of people is on two lines
			}
			continue
		}
		seen[k] = true
	}
	return seen['f'] && len(seen) >= 3 && (seen['t'] || seen['s'])
}

// mobiles are what programs put below each message.
var mobiles = pattern(`(?i)^(sent from (my|mail|outlook|yahoo|proton|samsung|the)\b.*|sent via .*|get outlook for .*|von meinem .{2,40} gesendet\.?|gesendet von .{2,60}|diese nachricht wurde von meinem .* gesendet.*|` +
	`(发自|發自|来自|從我的|从我的).{0,40}|envoyé (de|depuis) (mon|ma|l).*|enviado (desde|do|de) (mi|meu|mon|o).*|inviato da.*|verstuurd vanaf mijn.*|skickat från min.*|отправлено (с|из) .*|` +
	`أرسلت من .*|أُرسلت من .*|تم الإرسال من .*|.{2,20}から送信|나의 .* 에서 보냄|wysłane z .*|sendt fra min.*)$`)

// signatures marks what stands below a signature's mark, up to where a quotation begins.
func signatures(lines []line) {
	for i := 0; i < len(lines); i++ {
		if lines[i].kind != fresh {
			continue
		}
		t := strings.TrimRight(lines[i].text, "\r")
		bare := strings.TrimSpace(t)
		if bare == "--" || bare == "—" || bare == "––" {
			end, full := i+1, 0
			for end < len(lines) && lines[end].kind == fresh {
				if strings.TrimSpace(lines[end].text) != "" {
					full++
				}
				end++
			}
			// Without its space the mark is also a rule between paragraphs.
			if t == "-- " && full <= 60 || full <= 12 {
				for j := i; j < end; j++ {
					lines[j].kind = signature
				}
				i = end - 1
			}
			continue
		}
		if len(bare) < 120 && bare != "" && alone(lines, i) && mobiles().MatchString(bare) {
			lines[i].kind = signature
		}
	}
}

// alone says whether nothing that is new follows but a line or two: a sentence that begins with
// "Sent from my" stands amid others.
func alone(lines []line, i int) bool {
	full := 0
	for j := i + 1; j < len(lines) && lines[j].kind == fresh && full <= 2; j++ {
		if strings.TrimSpace(lines[j].text) != "" {
			full++
		}
	}
	return full <= 2
}
