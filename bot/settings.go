package bot

import (
	"context"
	"slices"
	"strings"

	"github.com/keptcrm/kept/bot/text"
	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/service"
)

var settings = Word{
	Name:    "settings",
	Aliases: []string{"设置"},
	Usage:   []string{"settings [NAME] [SETTING VALUE ...]"},
	Examples: []string{"settings", "settings digest off", "settings digest 08:30", "settings digest workdays", "settings questions now",
		"settings quiet 20:00-07:00 lead 1h", "settings wei language zh"},
	Writes: true,
	run: func(ctx context.Context, api service.API, req Request) (Card, error) {
		in, err := settingsIn(req.Words)
		if err != nil {
			return Card{}, err
		}
		out, err := api.Settings(ctx, in)
		if err != nil {
			return Card{}, err
		}
		return settingsCard(req.printer(out.Settings.Zone, out.Now), in, out), nil
	},
}

// settingNames are the settings as people name them.
var settingNames = map[string]string{
	"摘要": "digest", "早报": "digest", "time": "at", "时间": "at", "日期": "days", "提醒": "reminders", "reminder": "reminders", "提前": "lead",
	"问题": "questions", "question": "questions", "免打扰": "quiet", "语言": "language", "lang": "language", "时区": "zone",
}

// settingValues are values as people type them.
var settingValues = map[string]string{
	"开": "on", "yes": "on", "开启": "on", "关": "off", "no": "off", "关闭": "off", "立即": "now", "默认": "default", "工作日": "workdays", "每天": "daily",
	"无": "none", "中文": "zh", "chinese": "zh", "english": "en", "英文": "en",
}

func settingName(word string) string {
	word = strings.ToLower(word)
	if name := settingNames[word]; name != "" {
		return name
	}
	if slices.Contains(service.SettingNames, word) {
		return word
	}
	return ""
}

// settingsIn reads "wei digest 08:30 quiet none": for whom, and what to what.
func settingsIn(words []string) (service.SettingsIn, error) {
	in := service.SettingsIn{}
	i := 0
	for i < len(words) && settingName(words[i]) == "" {
		i++
	}
	in.Staff = strings.Join(words[:i], " ")
	for i < len(words) {
		name := settingName(words[i])
		if name == "" {
			return in, invalid("unknown_setting", "setting", words[i], "settings", strings.Join(service.SettingNames, ", "))
		}
		if i+1 >= len(words) {
			return in, invalid("setting_value", "setting", name)
		}
		value := words[i+1]
		for i += 2; name == "days" && i < len(words) && settingName(words[i]) == ""; i++ {
			value += "," + words[i]
		}
		if v := settingValues[strings.ToLower(value)]; v != "" {
			value = v
		}
		if name == "digest" {
			name, value = digestSetting(value)
		}
		if in.Change == nil {
			in.Change = map[string]string{}
		}
		if in.Change[name] = value; name != "digest" && (name == "at" || name == "days") && in.Change["digest"] == "" && value != "default" {
			in.Change["digest"] = "on"
		}
	}
	return in, nil
}

// digestSetting reads what stands behind "digest": on, off, a time, or days.
func digestSetting(value string) (name, v string) {
	switch low := strings.ToLower(value); {
	case strings.ContainsAny(low, ":：") && low[0] >= '0' && low[0] <= '9':
		return "at", value
	case low == "on", low == "off", low == "default":
		return "digest", low
	}
	return "days", value
}

func settingsCard(p *text.Printer, in service.SettingsIn, out service.SettingsOut) Card {
	x := out.Settings
	c := Card{Word: "settings", Title: p.T("settings.title", state.Args{"name": x.Name}), Aside: []string{x.Staff}, Data: x}
	switch {
	case len(out.Changed) > 0:
		var names []string
		for _, n := range out.Changed {
			names = append(names, p.T("setting."+n))
		}
		c.Title = p.T("settings.changed", state.Args{"name": x.Name, "what": strings.Join(names, p.T("card.comma"))})
	case len(in.Change) > 0:
		c.Title = p.T("settings.same", state.Args{"name": x.Name})
	}
	s := Section{Shape: Facts}
	fact := func(name, value string) { s.row("", dim(p.T("setting."+name)), plain(value)) }
	days := daysShown(p, x.Days)
	if x.Digest {
		fact("digest", p.T("settings.digest_on", state.Args{"at": x.At, "days": days}))
	} else {
		fact("digest", p.Term("settingvalue", "off"))
	}
	if x.Reminders {
		fact("reminders", p.T("settings.reminders_on", state.Args{"lead": x.Lead}))
	} else {
		fact("reminders", p.Term("settingvalue", "off"))
	}
	fact("questions", p.Term("asking", x.Questions))
	fact("quiet", p.Term("settingvalue", x.Quiet))
	fact("language", p.Term("language", x.Language))
	fact("zone", x.Zone)
	fact("way", p.Term("way", x.Way))
	c.add(s)
	c.Foot = append(c.Foot, p.T("settings.next"))
	c.Actions = []Action{settingsAction(p, in.Staff, x)}
	return c
}

func daysShown(p *text.Printer, days []string) string {
	switch len(days) {
	case 0:
		return p.T("days.workdays")
	case 7:
		return p.T("days.daily")
	}
	var out []string
	for _, d := range days {
		out = append(out, p.T("day."+d))
	}
	return strings.Join(out, p.T("card.comma"))
}

// settingsAction is the form of a chat in which everything can be changed.
func settingsAction(p *text.Printer, staff string, x service.StaffSettings) Action {
	words := "settings"
	if staff != "" {
		words += " " + quote(x.Staff)
	}
	f := &Form{Title: p.T("settings.form"), Send: p.T("settings.send")}
	choice := func(name, value, list string, values ...string) {
		field := Field{Name: name, Label: p.T("setting." + name), Kind: FieldChoice, Value: value}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
		for _, v := range values {
			field.Choices = append(field.Choices, Choice{Value: v, Label: p.Term(list, v)})
		}
		f.Fields = append(f.Fields, field)
		words += " " + name + " {" + name + "}"
	}
	days := strings.Join(x.Days, ",")
	switch len(x.Days) {
	case 0:
		days = "workdays"
	case 7:
		days = "daily"
	}
	choice("digest", onOff(x.Digest), "settingvalue", "on", "off")
	choice("at", x.At, "settingvalue", "07:00", "07:30", "08:00", "08:30", "09:00", "09:30", "10:00")
	choice("days", days, "days", "workdays", "daily")
	choice("reminders", onOff(x.Reminders), "settingvalue", "on", "off")
	choice("lead", x.Lead, "settingvalue", "30m", "1h", "2h", "4h")
	choice("questions", x.Questions, "asking", "digest", "now", "off")
	choice("quiet", x.Quiet, "settingvalue", "18:00-08:00", "20:00-07:00", "22:00-07:00", "none")
	choice("language", x.Language, "language", "en", "zh")
	f.Fields = append(f.Fields, Field{Name: "zone", Label: p.T("setting.zone"), Kind: FieldText, Value: x.Zone})
	return Action{Code: "settings_change", Label: p.T("settings.change"), Words: words + " zone {zone}", Form: f}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
