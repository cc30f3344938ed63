//! The regions of Genesys Cloud.

/// AWS name and domain of each region (official SDK 262, `PureCloudRegionHosts`); the API host is `api.` + domain.
const REGIONS: [(&str, &str); 18] = [
    ("us-east-1", "mypurecloud.com"),
    ("us-east-2", "use2.us-gov-pure.cloud"),
    ("us-west-2", "usw2.pure.cloud"),
    ("ca-central-1", "cac1.pure.cloud"),
    ("sa-east-1", "sae1.pure.cloud"),
    ("mx-central-1", "mxc1.pure.cloud"),
    ("eu-west-1", "mypurecloud.ie"),
    ("eu-west-2", "euw2.pure.cloud"),
    ("eu-central-1", "mypurecloud.de"),
    ("eu-central-2", "euc2.pure.cloud"),
    ("me-central-1", "mec1.pure.cloud"),
    ("ap-south-1", "aps1.pure.cloud"),
    ("ap-northeast-1", "mypurecloud.jp"),
    ("ap-northeast-2", "apne2.pure.cloud"),
    ("ap-northeast-3", "apne3.pure.cloud"),
    ("ap-southeast-1", "apse1.pure.cloud"),
    ("ap-southeast-2", "mypurecloud.com.au"),
    ("eusc-de-east-1", "edee1.eusc-pure.cloud"),
];

/// The origin of a region's API, `https://api.{domain}`, by AWS name or domain; `None` for an unknown region.
pub fn origin(region: &str) -> Option<String> {
    let (_, domain) = REGIONS.iter().find(|(aws, domain)| *aws == region || *domain == region)?;
    Some(format!("https://api.{domain}"))
}

/// The AWS names of all regions, separated by commas: for the message about an unknown one.
pub fn list() -> String {
    REGIONS.map(|(aws, _)| aws).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_region_by_both_of_its_names() {
        assert_eq!(origin("us-east-1").as_deref(), Some("https://api.mypurecloud.com"));
        assert_eq!(origin("mypurecloud.ie").as_deref(), Some("https://api.mypurecloud.ie"));
        for nowhere in ["", "us-east-9", "api.mypurecloud.com", "US-EAST-1"] {
            assert_eq!(origin(nowhere), None, "{nowhere}");
        }
        for (aws, domain) in REGIONS {
            assert_eq!(origin(aws), origin(domain));
            assert!(list().contains(aws), "{aws}");
        }
    }
}
