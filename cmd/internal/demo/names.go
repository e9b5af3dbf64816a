package demo

// culture is where invented people come from: how they are called, where they live, how their
// phones look. Names are common ones put together at random; no real person is meant.
type culture struct {
	weight int // of a hundred new customers
	code   string
	land   string // as Etsy and address books write it
	given  []name
	family []name
	towns  []town
	street []string
	phone  func(*dice) string
}

// name is a part of a name as its owner writes it, and in Latin letters where that is different.
type name struct{ own, latin string }

func (n name) plain() string {
	if n.latin != "" {
		return n.latin
	}
	return n.own
}

type town struct{ name, zip, region string }

func latin(words ...string) []name {
	out := make([]name, len(words))
	for i, w := range words {
		out[i].own = w
	}
	return out
}

// pairs makes names of own, latin, own, latin.
func pairs(words ...string) []name {
	out := make([]name, 0, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		out = append(out, name{words[i], words[i+1]})
	}
	return out
}

// The phones of Germany, Great Britain and North America are of the ranges that their regulators
// keep for films and books; the others have none, so theirs are only of the right form.
var germanFiction = []string{"30 23125", "69 90009", "40 66969", "89 99998"}

var cultures = []culture{
	{weight: 62, code: "DE", land: "Germany",
		given: latin("Anneke", "Arne", "Birgit", "Björn", "Carsten", "Claudia", "Dörte", "Eike", "Elke", "Emma", "Enno", "Felix", "Finn", "Frauke",
			"Friederike", "Fritz", "Greta", "Hanna", "Hauke", "Heike", "Henrike", "Ingo", "Jasper", "Jörg", "Jürgen", "Karin", "Katrin", "Klaas",
			"Lasse", "Lena", "Levke", "Maike", "Malte", "Marlene", "Matthias", "Mia", "Nils", "Nina", "Ole", "Paula", "Petra", "Rieke", "Rolf",
			"Sabine", "Silke", "Sönke", "Stefan", "Swantje", "Thies", "Tjark", "Ulrike", "Uwe", "Volker", "Wiebke"),
		family: latin("Ahrens", "Albrecht", "Behrens", "Boysen", "Brandt", "Carstensen", "Claussen", "Dierks", "Ehlers", "Feddersen", "Friedrichsen",
			"Gäde", "Hansen", "Harms", "Hinrichs", "Ingwersen", "Jacobsen", "Jessen", "Johannsen", "Ketelsen", "Knudsen", "Krüger", "Lorenzen",
			"Lüders", "Magnussen", "Matthiesen", "Möller", "Nissen", "Oldenburg", "Paulsen", "Petersen", "Quast", "Rathje", "Rohwer", "Schlüter",
			"Schröder", "Seidel", "Sievers", "Sörensen", "Thode", "Thomsen", "Tiedemann", "Ulrich", "Vogel", "Weiß", "Wulf", "Zimmermann"),
		towns: []town{{"Lübeck", "23552", ""}, {"Kiel", "24103", ""}, {"Husum", "25813", ""}, {"Flensburg", "24937", ""},
			{"Hamburg", "20095", ""}, {"Bremen", "28195", ""}, {"Rostock", "18055", ""}, {"Schwerin", "19053", ""},
			{"Oldenburg", "26121", ""}, {"Hannover", "30159", ""}, {"Berlin", "10115", ""}, {"Göttingen", "37073", ""},
			{"Plön", "24306", ""}, {"Eutin", "23701", ""}, {"Lüneburg", "21335", ""}, {"München", "80331", ""}},
		street: []string{"Am Wall", "Bahnhofstraße", "Deichweg", "Dorfstraße", "Fischergrube", "Gartenstraße", "Hafenstraße", "Hauptstraße", "Kirchweg",
			"Lindenallee", "Mühlenweg", "Nordstraße", "Schulstraße", "Seestraße", "Sternwartenweg"},
		phone: func(d *dice) string { return "+49 " + pick(d, germanFiction) + d.digits(3) }},
	{weight: 14, code: "GB", land: "United Kingdom",
		given: latin("Abigail", "Alfie", "Arthur", "Beatrice", "Callum", "Charlotte", "Daisy", "Duncan", "Eleanor", "Fergus", "Fiona", "Gareth",
			"Harriet", "Imogen", "Isla", "Leonard", "Maisie", "Nigel", "Oliver", "Poppy", "Rhys", "Rosalind", "Rupert", "Winifred"),
		family: latin("Ashworth", "Barlow", "Birch", "Blackwood", "Calloway", "Cartwright", "Dunmore", "Ellery", "Fairbairn", "Greenhalgh", "Hawthorne",
			"Kingsley", "Langford", "MacInnes", "O'Rourke", "Pemberton", "Radcliffe", "Stirling", "Thackeray", "Whitlock"),
		towns: []town{{"London", "SE10 8XJ", ""}, {"Leeds", "LS1 4AP", ""}, {"Bristol", "BS1 5TR", ""}, {"Edinburgh", "EH1 1YZ", ""},
			{"Cardiff", "CF10 1EP", ""}, {"Keswick", "CA12 5JR", ""}},
		street: []string{"Church Lane", "Elm Grove", "High Street", "Mill Road", "Observatory Road", "Orchard Close", "Station Road"},
		phone:  func(d *dice) string { return "+44 20 7946 0" + d.digits(3) }},
	{weight: 6, code: "US", land: "United States",
		given: latin("Amber", "Brandon", "Caleb", "Destiny", "Ethan", "Grace", "Hunter", "Jasmine", "Logan", "Madison", "Naomi", "Owen", "Peyton", "Riley", "Savannah", "Tyler"),
		family: latin("Abernathy", "Bexley", "Crowder", "Delacroix", "Eastwood", "Fitzgerald", "Gallagher", "Holloway", "Inskeep", "Jefferson", "Kowalczyk",
			"Lockhart", "Montgomery", "Navarro", "Prescott", "Sandoval"),
		towns: []town{{"Tucson", "85701", "AZ"}, {"Portland", "97201", "OR"}, {"Boulder", "80302", "CO"}, {"Austin", "78701", "TX"},
			{"Asheville", "28801", "NC"}, {"Springfield", "62701", "IL"}},
		street: []string{"Cedar St", "Juniper Ave", "Main St", "Maple Dr", "Mesa Rd", "Oak St", "Starlight Ln"},
		phone: func(d *dice) string {
			return "+1 " + pick(d, []string{"520", "503", "303", "512", "828"}) + " 555 01" + d.digits(2)
		}},
	{weight: 6, code: "CN", land: "China",
		given: pairs("芳", "Fang", "娜", "Na", "敏", "Min", "静", "Jing", "强", "Qiang", "磊", "Lei", "洋", "Yang", "勇", "Yong", "艳", "Yan", "杰", "Jie",
			"娟", "Juan", "涛", "Tao", "明", "Ming", "超", "Chao", "秀英", "Xiuying", "建国", "Jianguo", "晓东", "Xiaodong", "雨桐", "Yutong"),
		family: pairs("王", "Wang", "陈", "Chen", "刘", "Liu", "杨", "Yang", "赵", "Zhao", "黄", "Huang", "周", "Zhou", "吴", "Wu", "徐", "Xu", "孙", "Sun",
			"马", "Ma", "胡", "Hu", "郭", "Guo", "林", "Lin", "何", "He", "欧阳", "Ouyang"),
		towns: []town{{"上海", "200000", ""}, {"杭州", "310000", ""}, {"青岛", "266000", ""}, {"成都", "610000", ""},
			{"昆明", "650000", ""}},
		street: []string{"人民路", "中山路", "解放路", "南京路", "和平街"},
		phone:  func(d *dice) string { return "+86 138 0013 8" + d.digits(3) }},
	{weight: 4, code: "TR", land: "Turkey",
		given:  latin("Ayşe", "Burak", "Çağla", "Deniz", "Elif", "Emre", "Gökhan", "İpek", "Kerem", "Mustafa", "Özlem", "Selin", "Şule", "Tolga", "Yağmur", "Zeynep"),
		family: latin("Aydın", "Çelik", "Demir", "Erdoğmuş", "Güneş", "Işık", "Karaca", "Koç", "Öztürk", "Şahin", "Taş", "Uçar", "Yıldız", "Yılmaz"),
		towns:  []town{{"İstanbul", "34433", ""}, {"Ankara", "06420", ""}, {"İzmir", "35210", ""}},
		street: []string{"Atatürk Cd.", "Bağdat Cd.", "Gül Sk.", "Yıldız Sk."},
		phone:  func(d *dice) string { return "+90 532 " + d.digits(3) + " 00 " + d.digits(2) }},
	{weight: 4, code: "PL", land: "Poland",
		given:  latin("Agnieszka", "Bartosz", "Dorota", "Grzegorz", "Halina", "Iwona", "Jacek", "Łukasz", "Małgorzata", "Paweł", "Stanisław", "Urszula", "Wojciech", "Zuzanna"),
		family: latin("Adamczyk", "Borkowski", "Dąbrowska", "Grabowski", "Jabłoński", "Kamińska", "Lewandowska", "Mazur", "Nowak", "Pawłowski", "Wiśniewska", "Wójcik", "Zieliński"),
		towns:  []town{{"Gdańsk", "80-001", ""}, {"Toruń", "87-100", ""}, {"Kraków", "31-001", ""}, {"Wrocław", "50-001", ""}},
		street: []string{"ul. Długa", "ul. Kopernika", "ul. Lipowa", "ul. Polna"},
		phone:  func(d *dice) string { return "+48 601 00" + d.digits(1) + " " + d.digits(3) }},
	{weight: 2, code: "PT", land: "Portugal",
		given:  latin("Afonso", "Beatriz", "Conceição", "Diogo", "Gonçalo", "Inês", "João", "Leonor", "Mafalda", "Nuno", "Rui", "Tomás"),
		family: latin("Almeida", "Araújo", "Carvalho", "Conceição", "Fonseca", "Gouveia", "Magalhães", "Nóbrega", "Peixoto", "Simões", "Teixeira"),
		towns:  []town{{"Lisboa", "1100-001", ""}, {"Porto", "4000-001", ""}, {"Évora", "7000-001", ""}},
		street: []string{"Rua Augusta", "Rua da Estrela", "Rua do Sol", "Travessa do Mar"},
		phone:  func(d *dice) string { return "+351 912 00" + d.digits(1) + " " + d.digits(3) }},
	{weight: 2, code: "AE", land: "United Arab Emirates",
		given:  pairs("أحمد", "Ahmad", "فاطمة", "Fatima", "خالد", "Khalid", "ليلى", "Layla", "يوسف", "Yousef", "مريم", "Maryam", "عمر", "Omar", "نور", "Nour"),
		family: pairs("الهاشمي", "Al Hashimi", "المنصوري", "Al Mansoori", "الكعبي", "Al Kaabi", "حداد", "Haddad", "النجار", "Al Najjar", "الشامسي", "Al Shamsi"),
		towns:  []town{{"دبي", "00000", ""}, {"أبوظبي", "00000", ""}, {"الشارقة", "00000", ""}},
		street: []string{"شارع الشيخ زايد", "شارع الكورنيش", "شارع النخيل"},
		phone:  func(d *dice) string { return "+971 50 000 " + d.digits(4) }},
}
