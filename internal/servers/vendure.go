package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Vendure is a webshop that runs: an installation of its own, with five things to sell (SKU-0 to
// SKU-4, from 10.90 before 19 % tax), the countries DE, AT, PT and CN, one channel, and the
// administrator superadmin. It takes about ten seconds of processor time to start.
type Vendure struct {
	*Process
	URL            string // of the Admin API
	User, Password string // of an administrator who may do everything

	port      int
	dir, file string

	mu    sync.Mutex
	token string
}

// StartVendure starts a shop whose data live in memory.
func StartVendure(ctx context.Context, dir string) (*Vendure, error) {
	return startVendure(ctx, dir, "")
}

// StartVendureKept starts a shop whose data are in a file of dir, so that it can be killed and
// started again: see [Vendure.Restart].
func StartVendureKept(ctx context.Context, dir string) (*Vendure, error) {
	return startVendure(ctx, dir, filepath.Join(dir, "shop.db"))
}

func startVendure(ctx context.Context, dir, file string) (*Vendure, error) {
	port, err := Port()
	if err != nil {
		return nil, err
	}
	v := &Vendure{URL: fmt.Sprintf("http://127.0.0.1:%d/admin-api", port), User: "superadmin", Password: "superadmin", port: port, dir: dir, file: file}
	return v, v.start(ctx)
}

func (v *Vendure) start(ctx context.Context) error {
	node, err := Program("node")
	if err != nil {
		return err
	}
	packages, err := NPM("vendure")
	if err != nil {
		return err
	}
	script, err := Script("vendure", "shop.js")
	if err != nil {
		return err
	}
	ready := filepath.Join(v.dir, "ready")
	if err := os.Remove(ready); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	args := []string{script, strconv.Itoa(v.port), ready}
	if v.file != "" {
		args = append(args, v.file)
	}
	cmd := exec.Command(node, args...)
	cmd.Dir = v.dir
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(packages, "node_modules"), "VENDURE_DISABLE_TELEMETRY=true", "NODE_ENV=test")
	v.Process, err = Run(ctx, cmd, func(ctx context.Context) error {
		if _, err := os.Stat(ready); err != nil {
			return errors.New("it is still filling its shelves")
		}
		return v.healthy(ctx)
	})
	return err
}

// Restart starts a shop of [StartVendureKept] again after Kill or Stop, at the same address and with
// the data that it had; sessions go on.
func (v *Vendure) Restart(ctx context.Context) error {
	if v.file == "" {
		return errors.New("the data of this shop lived in memory and are gone")
	}
	return v.start(ctx)
}

func (v *Vendure) healthy(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(v.URL, "/admin-api")+"/health", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("/health answers %s", resp.Status)
	}
	return nil
}

// Ask makes an operation of the Admin API as superadmin and decodes its data. into may be nil.
func (v *Vendure) Ask(ctx context.Context, query string, variables map[string]any, into any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.token == "" {
		header, err := v.send(ctx, v.URL, "", `mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }`,
			map[string]any{"u": v.User, "p": v.Password}, nil)
		if err != nil {
			return err
		}
		if v.token = header.Get("vendure-auth-token"); v.token == "" {
			return errors.New("vendure: the login gave no token")
		}
	}
	_, err := v.send(ctx, v.URL, v.token, query, variables, into)
	return err
}

// send makes one request. An error of GraphQL, also one inside of the data, is one.
func (v *Vendure) send(ctx context.Context, url, token, query string, variables map[string]any, into any) (http.Header, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	var out struct {
		Errors []struct{ Message string }
		Data   json.RawMessage
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, fmt.Errorf("vendure: %s: %.200s", resp.Status, answer)
	}
	var members map[string]struct{ ErrorCode, Message string }
	_ = json.Unmarshal(out.Data, &members) // lists and texts have no code
	for name, m := range members {
		if m.ErrorCode != "" {
			return nil, fmt.Errorf("vendure: %s: %s", name, m.Message)
		}
	}
	switch {
	case len(out.Errors) > 0:
		return nil, fmt.Errorf("vendure: %s", out.Errors[0].Message)
	case into != nil:
		return resp.Header, json.Unmarshal(out.Data, into)
	}
	return resp.Header, nil
}

// AddAdministrator makes somebody who has these permissions and no other (ReadCustomer, ...).
func (v *Vendure) AddAdministrator(ctx context.Context, email, password string, permissions ...string) error {
	role, err := v.role(ctx, permissions)
	if err != nil {
		return err
	}
	return v.Ask(ctx, `mutation($i: CreateAdministratorInput!) { createAdministrator(input: $i) { id } }`,
		map[string]any{"i": map[string]any{"firstName": "Kept", "lastName": "CRM", "emailAddress": email, "password": password, "roleIds": []string{role}}}, nil)
}

// AddKey makes an API key with these permissions and gives it.
func (v *Vendure) AddKey(ctx context.Context, permissions ...string) (string, error) {
	role, err := v.role(ctx, permissions)
	if err != nil {
		return "", err
	}
	var out struct{ CreateApiKey struct{ ApiKey string } }
	err = v.Ask(ctx, `mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey entityId } }`,
		map[string]any{"i": map[string]any{"roleIds": []string{role}, "translations": []any{map[string]any{"languageCode": "en", "name": "kept"}}}}, &out)
	return out.CreateApiKey.ApiKey, err
}

func (v *Vendure) role(ctx context.Context, permissions []string) (string, error) {
	var out struct{ CreateRole struct{ ID string } }
	code := fmt.Sprintf("role-%d", time.Now().UnixNano())
	err := v.Ask(ctx, `mutation($i: CreateRoleInput!) { createRole(input: $i) { id } }`,
		map[string]any{"i": map[string]any{"code": code, "description": code, "permissions": permissions}}, &out)
	return out.CreateRole.ID, err
}

// VendureCustomer is a customer to seed a shop with.
type VendureCustomer struct {
	Title, First, Last, Email, Phone string
	Addresses                        []VendureAddress
}

// VendureAddress is one of a customer's addresses. The first that is Billing or Shipping is the
// customer's default for that.
type VendureAddress struct {
	Company, Street, City, Postcode, Country, Phone string
	Billing, Shipping                               bool
}

func (a VendureAddress) input() map[string]any {
	return map[string]any{"company": a.Company, "streetLine1": a.Street, "city": a.City, "postalCode": a.Postcode, "countryCode": a.Country, "phoneNumber": a.Phone,
		"defaultBillingAddress": a.Billing, "defaultShippingAddress": a.Shipping}
}

// AddCustomer makes a customer and gives its id.
func (v *Vendure) AddCustomer(ctx context.Context, c VendureCustomer) (string, error) {
	var out struct{ CreateCustomer struct{ ID string } }
	err := v.Ask(ctx, `mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { ... on Customer { id } ... on ErrorResult { errorCode message } } }`,
		map[string]any{"i": map[string]any{"title": c.Title, "firstName": c.First, "lastName": c.Last, "emailAddress": c.Email, "phoneNumber": c.Phone}}, &out)
	for _, a := range c.Addresses {
		if err != nil {
			break
		}
		err = v.AddAddress(ctx, out.CreateCustomer.ID, a)
	}
	return out.CreateCustomer.ID, err
}

// AddAddress gives a customer one more address.
func (v *Vendure) AddAddress(ctx context.Context, customer string, a VendureAddress) error {
	return v.Ask(ctx, `mutation($c: ID!, $i: CreateAddressInput!) { createCustomerAddress(customerId: $c, input: $i) { id } }`,
		map[string]any{"c": customer, "i": a.input()}, nil)
}

// AddGroup makes a group of customers.
func (v *Vendure) AddGroup(ctx context.Context, name string, customers ...string) error {
	return v.Ask(ctx, `mutation($i: CreateCustomerGroupInput!) { createCustomerGroup(input: $i) { id } }`,
		map[string]any{"i": map[string]any{"name": name, "customerIds": customers}}, nil)
}

// SetCustomer changes members of a customer, as somebody at the shop would: title, firstName,
// lastName, emailAddress, phoneNumber.
func (v *Vendure) SetCustomer(ctx context.Context, id string, members map[string]any) error {
	in := map[string]any{"id": id}
	for k, x := range members {
		in[k] = x
	}
	return v.Ask(ctx, `mutation($i: UpdateCustomerInput!) { updateCustomer(input: $i) { __typename ... on ErrorResult { errorCode message } } }`, map[string]any{"i": in}, nil)
}

// Customer gives a customer as the API has it: firstName, lastName, emailAddress, phoneNumber,
// updatedAt, addresses; nil where there is none.
func (v *Vendure) Customer(ctx context.Context, id string) (map[string]any, error) {
	var out struct{ Customer map[string]any }
	err := v.Ask(ctx, `query($i: ID!) { customer(id: $i) { id title firstName lastName emailAddress phoneNumber updatedAt groups { name }
		addresses { id company streetLine1 streetLine2 city province postalCode country { code } phoneNumber defaultBillingAddress defaultShippingAddress } } }`, map[string]any{"i": id}, &out)
	return out.Customer, err
}

// DeleteCustomers deletes customers; none named: all.
func (v *Vendure) DeleteCustomers(ctx context.Context, ids ...string) error {
	for len(ids) == 0 {
		var err error
		if ids, err = v.Customers(ctx); err != nil || len(ids) == 0 {
			return err
		}
	}
	return v.Ask(ctx, `mutation($i: [ID!]!) { deleteCustomers(ids: $i) { result } }`, map[string]any{"i": ids}, nil)
}

// Customers gives the ids of all customers.
func (v *Vendure) Customers(ctx context.Context) ([]string, error) {
	var ids []string
	for {
		var out struct {
			Customers struct {
				TotalItems int
				Items      []struct{ ID string }
			}
		}
		err := v.Ask(ctx, `query($s: Int!) { customers(options: {take: 1000, skip: $s, sort: {id: ASC}}) { totalItems items { id } } }`, map[string]any{"s": len(ids)}, &out)
		if err != nil {
			return nil, err
		}
		for _, c := range out.Customers.Items {
			ids = append(ids, c.ID)
		}
		if len(out.Customers.Items) == 0 || len(ids) >= out.Customers.TotalItems {
			return ids, nil
		}
	}
}
