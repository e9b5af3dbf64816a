package connectors

import "strings"

// countries gives the code of a country by names that address books have, in lower case: in English,
// German, its own language and Chinese.
var countries = func() map[string]string {
	m := map[string]string{}
	for _, line := range strings.Split(`AE united arab emirates|الإمارات العربية المتحدة|阿联酋
AR argentina
AT austria|österreich|奥地利
AU australia|澳大利亚
BE belgium|belgien|belgique|belgië|比利时
BG bulgaria|българия
BR brazil|brasil|巴西
CA canada|kanada|加拿大
CH switzerland|schweiz|suisse|svizzera|瑞士
CL chile
CN china|中国|中國|people's republic of china|pr china|volksrepublik china
CO colombia
CZ czech republic|czechia|česko|česká republika|tschechien
DE germany|deutschland|allemagne|德国|德國|federal republic of germany
DK denmark|danmark|dänemark|丹麦
EE estonia|eesti
EG egypt|مصر|埃及
ES spain|españa|spanien|西班牙
FI finland|suomi|finnland|芬兰
FR france|frankreich|法国
GB united kingdom|great britain|england|scotland|wales|northern ireland|uk|vereinigtes königreich|großbritannien|英国
GR greece|griechenland|ελλάδα|希腊
HK hong kong|香港
HR croatia|hrvatska|kroatien
HU hungary|magyarország|ungarn
ID indonesia|印度尼西亚
IE ireland|irland|éire|爱尔兰
IL israel|ישראל|以色列
IN india|भारत|印度
IQ iraq|العراق
IS iceland|ísland
IT italy|italia|italien|意大利
JO jordan|الأردن
JP japan|日本
KR south korea|korea|republic of korea|대한민국|한국|韩国
KW kuwait|الكويت|科威特
LB lebanon|لبنان
LI liechtenstein
LT lithuania|lietuva|litauen
LU luxembourg|luxemburg
LV latvia|latvija|lettland
MA morocco|المغرب|摩洛哥
MO macao|macau|澳门
MX mexico|méxico|墨西哥
MY malaysia|马来西亚
NL netherlands|the netherlands|nederland|niederlande|holland|荷兰
NO norway|norge|norwegen|挪威
NZ new zealand|neuseeland|新西兰
PH philippines|菲律宾
PK pakistan
PL poland|polska|polen|波兰
PT portugal|葡萄牙
QA qatar|قطر|卡塔尔
RO romania|românia|rumänien
RS serbia|srbija|србија|serbien
RU russia|russian federation|россия|russland|俄罗斯
SA saudi arabia|المملكة العربية السعودية|السعودية|沙特阿拉伯
SE sweden|sverige|schweden|瑞典
SG singapore|singapur|新加坡
SI slovenia|slovenija|slowenien
SK slovakia|slovensko|slowakei
TH thailand|ประเทศไทย|泰国
TN tunisia|تونس
TR turkey|türkiye|türkei|土耳其
TW taiwan|台湾|臺灣
UA ukraine|україна|乌克兰
US united states|united states of america|usa|u.s.a.|america|美国|美國|vereinigte staaten
VN vietnam|viet nam|việt nam|越南
ZA south africa|südafrika|南非`, "\n") {
		code, names, _ := strings.Cut(line, " ")
		for _, name := range strings.Split(names, "|") {
			m[name] = code
		}
	}
	return m
}()

// CountryCode gives the ISO 3166-1 code of a country, "DE", for what stands in PartCountry: the code in
// any case, or the name in English, German, the country's own language or Chinese. Empty stays empty.
// ok is false for a name that is not known.
func CountryCode(name string) (code string, ok bool) {
	name = strings.TrimSpace(name)
	if code, ok = countries[strings.ToLower(name)]; ok { // "UK", too, is a name
		return code, true
	}
	if len(name) == 2 && isLetter(name[0]) && isLetter(name[1]) {
		return strings.ToUpper(name), true
	}
	return "", name == ""
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
