package imap

import (
	"strconv"
	"strings"

	"github.com/keptcrm/kept/connectors/format/mail"
)

// structureOf reads a BODYSTRUCTURE (RFC 9051, section 7.5.2). An error is mail.ErrStructure: servers
// write nonsense of broken messages, and the message is then read whole.
func structureOf(v value) (*mail.Part, error) {
	parts := 0
	p, err := partOf(v, "", 0, &parts)
	if err == nil && len(p.Parts) == 0 {
		p.Section = "1"
	}
	return p, err
}

// maxParts is how many parts a message may have to be read by parts.
const maxParts = 2000

func partOf(v value, section string, depth int, parts *int) (*mail.Part, error) {
	if *parts++; *parts > maxParts || depth > 100 || !v.isList || len(v.list) < 2 {
		return nil, mail.ErrStructure
	}
	p := &mail.Part{Section: section}
	if v.list[0].isList {
		i := 0
		for ; i < len(v.list) && v.list[i].isList; i++ {
			child := strconv.Itoa(i + 1)
			if section != "" {
				child = section + "." + child
			}
			c, err := partOf(v.list[i], child, depth+1, parts)
			if err != nil {
				return nil, err
			}
			p.Parts = append(p.Parts, c)
		}
		if i == len(v.list) || v.list[i].isList {
			return nil, mail.ErrStructure
		}
		p.Type = "multipart/" + strings.ToLower(v.list[i].str())
		if i+1 < len(v.list) {
			p.Params = paramsOf(v.list[i+1])
		}
		return p, nil
	}
	if len(v.list) < 7 || v.list[1].isList {
		return nil, mail.ErrStructure
	}
	kind, sub := strings.ToLower(v.list[0].str()), strings.ToLower(v.list[1].str())
	size, ok := v.list[6].number()
	if !ok || kind == "" || kind == "multipart" {
		return nil, mail.ErrStructure
	}
	p.Type, p.Params, p.Encoding, p.Size = kind+"/"+sub, paramsOf(v.list[2]), strings.ToLower(v.list[5].str()), int64(size)
	at := 8 // of the disposition
	switch {
	case kind == "text":
		at = 9
	case p.Type == "message/rfc822" || p.Type == "message/global":
		at = 11
		if len(v.list) < 9 || !v.list[8].isList { // some servers tell nothing of it
			at = 8
		}
	}
	if at < len(v.list) && v.list[at].isList && len(v.list[at].list) > 0 && !v.list[at].list[0].isList {
		d := v.list[at].list
		p.Disposition = strings.ToLower(d[0].str())
		if len(d) > 1 {
			p.About = paramsOf(d[1])
		}
	}
	return p, nil
}

// paramsOf reads a list of names and values.
func paramsOf(v value) map[string]string {
	if !v.isList {
		return nil
	}
	out := map[string]string{}
	for i := 0; i+1 < len(v.list) && len(out) < 50; i += 2 {
		name := strings.ToLower(v.list[i].str())
		if _, twice := out[name]; !twice && name != "" {
			out[name] = v.list[i+1].str()
		}
	}
	return out
}
