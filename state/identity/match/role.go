package match

import (
	"strings"
)

// roleNames are names of columns, folded as columnKey does, in English, German, French, Spanish and Chinese.
var roleNames = map[Role]string{
	Name:       "name|full name|fullname|customer name|customer|contact name|contact|person|person name|first and surname|first and last name|kunde|kundenname|ansprechpartner|vollstandiger name|姓名|名字|客户姓名|客户名称|联系人|nom complet|nom et prenom|client|nombre completo|cliente|nombre y apellidos|الاسم|الاسم الكامل|имя|фио",
	Given:      "first name|firstname|first|given name|given|givenname|forename|fname|vorname|rufname|名|prenom|nombre|nombre de pila|fname c1|fname c2|first names|given names|vornamen|الاسم الاول|имя собственное",
	Surname:    "last name|lastname|last|surname|family name|family|familyname|lname|nachname|familienname|zuname|姓|姓氏|nom|nom de famille|apellido|apellidos|lname c1|lname c2|sur name|фамилия|اسم العائلة",
	Middle:     "middle name|middlename|middle|middle initial|zweiter vorname|zweitname",
	Birthday:   "birthday|birth date|birthdate|date of birth|dob|geburtstag|geburtsdatum|geb datum|geboren|生日|出生日期|出生年月|date de naissance|fecha de nacimiento|cumpleanos|تاريخ الميلاد|дата рождения",
	BirthYear:  "birth year|birthyear|year of birth|by|yob|geburtsjahr|出生年|出生年份|annee de naissance|ano de nacimiento",
	BirthMonth: "birth month|birthmonth|month of birth|bm|mob|geburtsmonat|出生月|出生月份|mois de naissance",
	BirthDay:   "birth day|birthday day|day of birth|bd|geburtstag tag|出生日|jour de naissance",
	Gender:     "gender|sex|geschlecht|性别|sexe|sexo|genero|пол|الجنس",
	Phone:      "phone|phone number|phonenumber|telephone|tel|telephone number|telefon|telefonnummer|tel nr|rufnummer|mobile|mobile phone|mobile number|cell|cell phone|cellphone|handy|handynummer|mobil|mobiltelefon|mobilnummer|phone 1|phone 2|phone1|phone2|work phone|home phone|business phone|office phone|电话|联系电话|电话号码|固定电话|座机|手机|手机号|手机号码|移动电话|telefono|portable|movil|celular|телефон|الهاتف",
	Email:      "email|e mail|mail|email address|e mail address|mail address|emails|email1|email2|email 1|email 2|e mail adresse|email adresse|mailadresse|emailadresse|邮箱|电子邮箱|电子邮件|邮件|邮箱地址|courriel|adresse e mail|correo|correo electronico|البريد الالكتروني",
	Address:    "address|street|street address|street name|address 1|address1|address line 1|address line1|addr|strasse|strasse hausnummer|strasse nr|adresse|anschrift|地址|详细地址|街道|联系地址|rue|adresse 1|calle|direccion|domicilio|address 2|address2|address line 2|address line2|adresszusatz|adresse 2|direccion 2|адрес|العنوان",
	House:      "street number|house number|housenumber|house no|street no|number|hausnummer|hausnr|haus nr|hnr|门牌号|numero|numero de rue",
	Postcode:   "postcode|post code|zip|zip code|zipcode|postal code|postalcode|plz|postleitzahl|邮编|邮政编码|code postal|codigo postal|c p|postcode fake|индекс",
	City:       "city|town|suburb|locality|ort|stadt|wohnort|城市|市|ville|commune|ciudad|localidad|poblacion|place|birth place|birthplace|geburtsort|place of birth|出生地|город|المدينة",
	Region:     "state|province|region|county|country|country code|bundesland|kanton|land|省|省份|地区|国家|provincia|pais|pays|estado",
	Company:    "company|company name|companyname|organisation|organization|organisation name|organization name|org|employer|account name|site name|business name|business|firm|institution|school|firma|firmenname|unternehmen|betrieb|公司|公司名称|单位|企业|企业名称|societe|entreprise|raison sociale|empresa|compania|razon social|شركة|компания",
}

var roleByName = func() map[string]Role {
	m := map[string]Role{}
	for role, names := range roleNames {
		for n := range strings.SplitSeq(names, "|") {
			m[columnKey(n)] = role
		}
	}
	return m
}()

// columnKey folds the name of a column.
func columnKey(name string) string {
	s := fold(strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(name))
	return strings.TrimSpace(s)
}

// columnFacts says what the values of a column look like.
type columnFacts struct {
	rows, filled, distinct int
	email, date, year      float64 // shares of the filled rows
	digits, letters        float64
	words                  float64 // mean number of words
	length                 float64
	companyLike            float64
	maxCount               int
}

// factsSample bounds how many distinct values are looked at.
const factsSample = 2000

func factsOf(texts []string, counts []uint32, rows int) columnFacts {
	f := columnFacts{rows: rows, distinct: len(texts) - 1}
	for _, n := range counts[1:] {
		f.filled += int(n)
		f.maxCount = max(f.maxCount, int(n))
	}
	step := max(1, f.distinct/factsSample)
	seen := 0.0
	for c := 1; c < len(texts); c += step {
		s := texts[c]
		seen++
		if at := strings.IndexByte(s, '@'); at > 0 && strings.IndexByte(s[at:], '.') > 0 && strings.IndexByte(s, ' ') < 0 {
			f.email++
		}
		if d := parseDate(s); d.year() != 0 && d.month() != 0 {
			f.date++
		} else if d.year() != 0 && len(s) == 4 {
			f.year++
		}
		letters, nums := 0, 0
		for _, r := range s {
			switch {
			case r >= '0' && r <= '9':
				nums++
			case r > ' ' && !strings.ContainsRune(".,;:-/()+", r):
				letters++
			}
		}
		if letters == 0 && nums > 0 {
			f.digits++
		}
		if nums == 0 && letters > 0 {
			f.letters++
		}
		words := strings.Fields(s)
		f.words += float64(len(words))
		f.length += float64(len(s))
		for _, w := range words {
			if orgWords[fold(w)] {
				f.companyLike++
				break
			}
		}
	}
	if seen > 0 {
		for _, p := range []*float64{&f.email, &f.date, &f.year, &f.digits, &f.letters, &f.words, &f.length, &f.companyLike} {
			*p /= seen
		}
	}
	return f
}

// orgWords are words that organisations have in their names and people do not.
var orgWords = foldedSet(`gmbh ag kg ohg inc llc ltd limited corp corporation company co plc sa srl spa bv nv oy ab school center centre
	academy church university institute association foundation society club hospital clinic services service group holding bank
	insurance systems solutions technologies technology software consulting partners shop store restaurant cafe hotel verein
	schule kindergarten kita klinik praxis stiftung verlag handel bau children child childcare learning care community
	association agency department council ministry 公司 集团 银行 学校 医院 大学 中心`)

func foldedSet(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[fold(w)] = true
	}
	return m
}

// recognise gives each column a role: what the caller said, else what its name says and its values do not contradict, else
// what its values look like.
func recognise(columns []Column, facts []columnFacts) []Role {
	roles := make([]Role, len(columns))
	for i, c := range columns {
		if roles[i] = c.Role; c.Role == Auto {
			roles[i] = guess(columnKey(c.Name), facts[i])
		}
	}
	return roles
}

func guess(key string, f columnFacts) Role {
	if f.filled == 0 {
		return Ignored
	}
	role, known := roleByName[key]
	if !known {
		role = containedRole(key)
	}
	switch role {
	case Birthday:
		if f.year > 0.9 {
			return BirthYear
		}
		if f.date+f.year < 0.5 {
			return Other
		}
	case Email:
		if f.email < 0.3 {
			return Other
		}
	case Phone:
		if f.digits < 0.5 {
			return Other
		}
	case BirthYear, BirthMonth, BirthDay:
		if f.digits < 0.8 {
			return Other
		}
	case Name:
		if f.companyLike > 0.25 {
			return Company
		}
		if f.digits > 0.3 {
			return Other
		}
	case Given, Surname:
		if f.digits > 0.3 {
			return Other
		}
	case House:
		if f.length > 12 {
			return Other
		}
	case Auto:
		if f.email > 0.8 {
			return Email
		}
		if f.filled == f.distinct && f.distinct > 20 && f.filled == f.rows {
			return Ignored // a number of the row, different for each
		}
		return Other
	}
	return role
}

// containedRole knows names that say more than one word: "Customer E-Mail", "Geburtsdatum (TT.MM.JJJJ)".
func containedRole(key string) Role {
	for _, p := range []struct {
		word string
		role Role
	}{
		{"e mail", Email}, {"email", Email}, {"邮箱", Email}, {"postcode", Postcode}, {"zip", Postcode}, {"plz", Postcode}, {"邮编", Postcode},
		{"geburtsdatum", Birthday}, {"date of birth", Birthday}, {"birth date", Birthday}, {"birthday", Birthday}, {"dob", Birthday}, {"生日", Birthday},
		{"birth year", BirthYear}, {"geburtsjahr", BirthYear}, {"vorname", Given}, {"first name", Given}, {"given name", Given},
		{"nachname", Surname}, {"last name", Surname}, {"surname", Surname}, {"family name", Surname},
		{"telefon", Phone}, {"phone", Phone}, {"mobile", Phone}, {"手机", Phone}, {"电话", Phone},
		{"birth place", City}, {"full name", Name}, {"company", Company}, {"firma", Company}, {"公司", Company},
		{"address", Address}, {"strasse", Address}, {"地址", Address}, {"city", City},
	} {
		if strings.Contains(" "+key+" ", " "+p.word+" ") || p.word[0] >= 0x80 && strings.Contains(key, p.word) {
			return p.role
		}
	}
	return Auto
}
